// How requests are given up: by their waiter, or past their deadline.
//
// A request whose bytes were handed out keeps its place in line: the server will answer it, and that answer must not
// reach the next one. One reply is dropped, and neighbours notice nothing. One that was not is marked, and taken out
// with others: moving all that stand behind it each time would take hours where thousands give up at once.

extension ConnectionMachine {
    /// Requests given up that may stand in line, before the connection takes no new ones: a server that answers so
    /// late is better asked on another connection, or not at all.
    static var mostAbandoned: Int { 1_024 }

    /// What became of a request that is given up.
    package enum Withdrawal {
        /// It is not in line: it was answered, has failed, or is not in line yet.
        case notInLine
        /// Its waiter is to be resumed with `progress`: below `beingWritten` no byte of it will ever leave.
        case withdrawn(Waiter, ConnectionFailure.Progress)
    }

    /// Somebody does not want to wait any more. Logarithmic in the line, on average over many where tickets do not rise
    /// along it.
    package mutating func withdraw(ticket: Int, at now: Moment) -> Withdrawal {
        guard let position = position(of: ticket), let waiter = line[position].waiter else { return .notInLine }
        let progress = progress(of: line[position])
        noteGivenUp(line[position], at: now)
        giveUp(position)
        dropWithdrawnIfMany()
        return .withdrawn(waiter, progress)
    }

    /// Takes those out of line whose deadline is over; each with a failure that says where it waited, and for what. One
    /// with an extension that may have left keeps its place and its waiter until that is over too.
    ///
    /// `unwritten` of the bytes handed out the socket has not taken yet. Constant time unless a deadline has passed,
    /// then one pass over the line.
    package mutating func expire(at now: Moment, unwritten: Int = 0) -> [(Waiter, ConnectionFailure)] {
        guard nextDeadline <= now else { return [] }
        var expired: [(Waiter, ConnectionFailure)] = []
        nextDeadline = .never
        var ahead = 0
        var oldest = now
        for position in 0..<line.count where !line[position].isWithdrawn {
            let request = line[position]
            if let waiter = request.waiter {
                if request.deadline.end <= now {
                    let failure = timedOut(request, at: now, unwritten, behind: ahead, since: oldest)
                    expired.append((waiter, failure))
                    if let more = extensions.removeValue(forKey: request.ticket), failure.progress >= .beingWritten {
                        line[position].deadline = Deadline(start: request.deadline.start, end: now + more)
                        nextDeadline = min(nextDeadline, now + more)
                    } else {
                        noteGivenUp(request, at: now)
                        giveUp(position)
                        if line[position].isWithdrawn { continue }
                    }
                } else {
                    nextDeadline = min(nextDeadline, request.deadline.end)
                }
            }
            if ahead == 0 { oldest = request.deadline.start }
            ahead += 1
        }
        dropWithdrawnIfMany()
        return expired
    }

    /// Ends the deadline of a request now; false if it is not in line.
    package mutating func expireSoon(ticket: Int, at now: Moment) -> Bool {
        guard let position = position(of: ticket), line[position].waiter != nil else { return false }
        line[position].deadline = Deadline(start: line[position].deadline.start, end: now)
        nextDeadline = min(nextDeadline, now)
        return true
    }

    /// True if the reply that is coming in is one that nobody waits for.
    package var isDropping: Bool { isFirstHandedOut && line.first.waiter == nil }

    /// How far a request has come.
    func progress(of request: Request, unwritten: Int = 0) -> ConnectionFailure.Progress {
        if isHandshaking { return .connecting }
        if request.firstByte >= handedOut { return .inLine }
        return request.firstByte + unwritten >= handedOut ? .beingWritten : .mayHaveBeenSent
    }

    /// Lets a request stand without a waiter. Where it was not handed out its bytes never will be.
    private mutating func giveUp(_ position: Int) {
        line[position].waiter = nil
        if line[position].firstByte >= handedOut {
            if line[position].isSubscription { subscriptions[line[position].missing] = nil }
            line[position].missing = 0
            line[position].replies = []
            withdrawnCount += 1
            withdrawnBytes += size(of: position)
        } else {
            line[position].dropReplies()
            if line[position].isSubscription { subscriptions[line[position].missing]?.dropReplies() }
            abandonedCount += 1
            if abandonedCount > Self.mostAbandoned { close() }
        }
    }

    /// Where a request stands in line; nil if it does not.
    private mutating func position(of ticket: Int) -> Int? {
        let position: Int
        if isInTicketOrder {
            position = line.firstPosition { $0.ticket >= ticket }
        } else {
            if beginnings.isEmpty {
                searchSteps += line.count
                for position in 0..<line.count { beginnings[line[position].ticket] = line[position].firstByte }
            }
            searchSteps += 1
            guard let beginning = beginnings[ticket] else { return nil }
            position = line.firstPosition { $0.firstByte >= beginning }
        }
        return position < line.count && line[position].ticket == ticket ? position : nil
    }

    /// For a request that is about to be put in line. Those that have left the line are forgotten with all others once
    /// they are more than half.
    mutating func noteBeginning(of ticket: Int) {
        if beginnings.count > 2 * line.count { beginnings = [:] } else { beginnings[ticket] = endOfOutgoing }
    }

    private func timedOut(
        _ request: Request, at now: Moment, _ unwritten: Int, behind ahead: Int, since oldest: Moment
    ) -> ConnectionFailure {
        let progress = progress(of: request, unwritten: unwritten)
        var words = "no reply within \(request.deadline.timeout.inWords): it \(progress.inWords(settings.endpoint))"
        if ahead > 0 {
            words += ", behind \(ahead) others of which the first is \((now - oldest).inWords) old"
        }
        return ConnectionFailure(.timedOut, words, progress: progress)
    }
}

extension ConnectionFailure.Progress {
    fileprivate func inWords(_ endpoint: Endpoint) -> String {
        switch self {
        case .refused: "was refused"
        case .inLine: "stood in line for \(endpoint) and never left"
        case .connecting: "waited for the connection to \(endpoint) and never left"
        case .beingWritten: "was being written to \(endpoint), which takes no more bytes for now"
        case .mayHaveBeenSent: "was sent to \(endpoint) and awaited its reply"
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
