// How requests are cancelled: by their waiter, or past their deadline.
//
// A request whose bytes were handed out keeps its place in the queue: the server will answer it, and that answer must
// not reach the next one. One reply is dropped, and neighbours notice nothing. One that was not is marked, and taken
// out with others: moving all that stand behind it each time would take hours where thousands give up at once.

extension ConnectionMachine {
    /// Requests cancelled after send that may be in the queue before the connection takes no new ones: a server that
    /// answers so late is better asked on another connection, or not at all.
    static var mostCancelledAfterSend: Int { 1_024 }

    /// What became of a request that is cancelled.
    package enum Cancellation {
        /// It is not in the queue: it was answered, has failed, or is not in the queue yet.
        case notQueued
        /// Its waiter is to be resumed with `stage`: below `writing` no byte of it will ever leave.
        case cancelled(Waiter, ConnectionFailure.Stage)
    }

    /// Somebody does not want to wait any more. `unwritten` of the bytes handed out the socket has not taken yet.
    /// Logarithmic in the queue, on average over many where tickets do not rise along it.
    package mutating func cancel(ticket: Int, at now: Moment, unwritten: Int = 0) -> Cancellation {
        guard let position = position(of: ticket), let waiter = queue[position].waiter else { return .notQueued }
        let stage = stage(of: queue[position], unwritten: unwritten)
        noteCancelled(queue[position], at: now)
        markCancelled(position)
        dropCancelledIfMany()
        return .cancelled(waiter, stage)
    }

    /// What one look for cancelled callers has found.
    struct Cancellations {
        /// Whom to resume, and how far the request had come; as ``Cancellation/cancelled(_:_:)``.
        var cancelled: [(Waiter, ConnectionFailure.Stage)] = []
        /// When the first request came whose task was asked, and still waits.
        var oldest = Moment.never
        /// Some tasks still wait, or were not asked.
        var mustAskAgain = false
    }

    /// Cancels requests whose callers' tasks were cancelled.
    ///
    /// It looks at `limit` requests, from where it stopped the last time; without a limit at all of them. From the
    /// first on that came after `moment` nobody is asked: it may be answered before the next look.
    mutating func cancelRequests(
        madeUntil moment: Moment, at now: Moment, unwritten: Int = 0, limit: Int? = nil,
        where isCancelled: (CallersTask) -> Bool = { $0.isCancelled }
    ) -> Cancellations {
        var found = Cancellations()
        var position = limit == nil || nextToAsk == 0 ? 0 : queue.firstPosition { $0.firstByte >= nextToAsk }
        if position == queue.count { position = 0 }
        // One pass over the queue takes several looks. It must be made again if anybody waited in it.
        if position == 0 { isAnyoneToBeAsked = false }
        nextToAsk = 0
        let end = min(queue.count, position + min(limit ?? queue.count, queue.count))
        for position in position..<end {
            // In place: copying a request costs more than asking its task.
            let (start, task) = queue.with(position) { ($0.deadline.start, $0.waiter == nil ? nil : $0.task) }
            if start > moment {
                isAnyoneToBeAsked = true
                break
            }
            guard let task else { continue }
            guard isCancelled(task), let waiter = queue[position].waiter else {
                isAnyoneToBeAsked = true
                found.oldest = min(found.oldest, start)
                continue
            }
            found.cancelled.append((waiter, stage(of: queue[position], unwritten: unwritten)))
            noteCancelled(queue[position], at: now)
            markCancelled(position)
        }
        if end < queue.count, queue[end].deadline.start <= moment { nextToAsk = queue[end].firstByte }
        found.mustAskAgain = isAnyoneToBeAsked || end < queue.count
        if !found.cancelled.isEmpty { dropCancelledIfMany() }
        return found
    }

    /// Takes those out of the queue whose deadline is over; each with a failure that says where it waited, and for
    /// what. One with an extension that may have left keeps its place and its waiter until that is over too.
    ///
    /// `unwritten` of the bytes handed out the socket has not taken yet. Constant time unless a deadline has passed,
    /// then one pass over the queue.
    package mutating func expire(at now: Moment, unwritten: Int = 0) -> [(Waiter, ConnectionFailure)] {
        guard nextDeadline <= now else { return [] }
        var expired: [(Waiter, ConnectionFailure)] = []
        nextDeadline = .never
        var ahead = 0
        var oldest = now
        for position in 0..<queue.count where !queue[position].isCancelledBeforeSend {
            let request = queue[position]
            if let waiter = request.waiter {
                if request.deadline.end <= now {
                    let failure = timedOut(request, at: now, unwritten, behind: ahead, since: oldest)
                    expired.append((waiter, failure))
                    if let more = extensions.removeValue(forKey: request.ticket), failure.stage >= .writing {
                        queue[position].deadline = Deadline(start: request.deadline.start, end: now + more)
                        nextDeadline = min(nextDeadline, now + more)
                    } else {
                        noteCancelled(request, at: now)
                        markCancelled(position)
                        if queue[position].isCancelledBeforeSend { continue }
                    }
                } else {
                    nextDeadline = min(nextDeadline, request.deadline.end)
                }
            }
            if ahead == 0 { oldest = request.deadline.start }
            ahead += 1
        }
        dropCancelledIfMany()
        return expired
    }

    /// Ends the deadline of a request now; false if it is not in the queue.
    package mutating func expireSoon(ticket: Int, at now: Moment) -> Bool {
        guard let position = position(of: ticket), queue[position].waiter != nil else { return false }
        queue[position].deadline = Deadline(start: queue[position].deadline.start, end: now)
        nextDeadline = min(nextDeadline, now)
        return true
    }

    /// True if the reply that is coming in is one that nobody waits for.
    package var isDropping: Bool { isFirstHandedOut && queue.first.waiter == nil }

    /// How far a request has come.
    func stage(of request: Request, unwritten: Int = 0) -> ConnectionFailure.Stage {
        if isHandshaking { return .connecting }
        if request.firstByte >= handedOut { return .queued }
        return request.firstByte + unwritten >= handedOut ? .writing : .sent
    }

    /// Lets a request stand without a waiter. Where it was not handed out its bytes never will be.
    private mutating func markCancelled(_ position: Int) {
        queue[position].waiter = nil
        if queue[position].firstByte >= handedOut {
            if queue[position].isSubscription { subscriptions[queue[position].missing] = nil }
            queue[position].missing = 0
            queue[position].replies = []
            cancelledBeforeSend += 1
            bytesCancelledBeforeSend += size(of: position)
        } else {
            queue[position].dropReplies()
            if queue[position].isSubscription { subscriptions[queue[position].missing]?.dropReplies() }
            cancelledAfterSend += 1
            if cancelledAfterSend > Self.mostCancelledAfterSend { close() }
        }
    }

    /// Where in the queue a request is; nil if it is not there.
    private mutating func position(of ticket: Int) -> Int? {
        let position: Int
        if isInTicketOrder {
            position = queue.firstPosition { $0.ticket >= ticket }
        } else {
            if beginnings.isEmpty {
                searchSteps += queue.count
                for position in 0..<queue.count { beginnings[queue[position].ticket] = queue[position].firstByte }
            }
            searchSteps += 1
            guard let beginning = beginnings[ticket] else { return nil }
            position = queue.firstPosition { $0.firstByte >= beginning }
        }
        return position < queue.count && queue[position].ticket == ticket ? position : nil
    }

    /// For a request that is about to be queued. Those that have left the queue are forgotten with all others once
    /// they are more than half.
    mutating func noteBeginning(of ticket: Int) {
        if beginnings.count > 2 * queue.count { beginnings = [:] } else { beginnings[ticket] = endOfOutgoing }
    }

    private func timedOut(
        _ request: Request, at now: Moment, _ unwritten: Int, behind ahead: Int, since oldest: Moment
    ) -> ConnectionFailure {
        let stage = stage(of: request, unwritten: unwritten)
        var words = "no reply within \(request.deadline.timeout.inWords): it \(stage.inWords(settings.endpoint))"
        if ahead > 0 {
            words += ", behind \(ahead) others of which the first is \((now - oldest).inWords) old"
        }
        return ConnectionFailure(.timedOut, words, stage: stage)
    }
}

extension ConnectionFailure.Stage {
    fileprivate func inWords(_ endpoint: Endpoint) -> String {
        switch self {
        case .refused: "was refused"
        case .queued: "was queued for \(endpoint) and never sent"
        case .connecting: "waited for the connection to \(endpoint) and was never sent"
        case .writing: "was being written to \(endpoint), which takes no more bytes for now"
        case .sent: "was sent to \(endpoint) and awaited its reply"
        case .answered: "was answered by \(endpoint)"
        }
    }
}

extension Duration {
    /// `250 ms`, `1.5 s`: short, for messages.
    var inWords: String {
        let milliseconds = wholeNanoseconds / 1_000_000
        if milliseconds < 1_000 { return "\(milliseconds) ms" }
        let tenths = milliseconds / 100 % 10
        return "\(milliseconds / 1_000)\(tenths == 0 ? "" : ".\(tenths)") s"
    }
}
