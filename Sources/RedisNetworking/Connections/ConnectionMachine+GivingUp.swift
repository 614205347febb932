// How requests are given up: by their waiter, or past their deadline.
//
// A request whose bytes were handed out keeps its place in line: the server will answer it, and that answer must not
// reach the next one. One reply is dropped, and neighbours notice nothing.

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

    /// Somebody does not want to wait any more.
    package mutating func withdraw(ticket: Int) -> Withdrawal {
        for position in 0..<line.count where line[position].ticket == ticket {
            guard let waiter = line[position].waiter else { return .notInLine }
            let progress = progress(of: line[position])
            giveUp(position)
            return .withdrawn(waiter, progress)
        }
        return .notInLine
    }

    /// Takes those out of line whose deadline is over; each with a failure that says where it waited, and for what.
    ///
    /// `unwritten` of the bytes handed out the socket has not taken yet. Constant time unless a deadline has passed.
    package mutating func expire(at now: Moment, unwritten: Int = 0) -> [(Waiter, ConnectionFailure)] {
        guard nextDeadline <= now else { return [] }
        var expired: [(Waiter, ConnectionFailure)] = []
        nextDeadline = .never
        var position = 0
        while position < line.count {
            let request = line[position]
            if let waiter = request.waiter {
                if request.deadline.end <= now {
                    expired.append((waiter, timedOut(position, at: now, unwritten)))
                    if giveUp(position) { continue }
                } else {
                    nextDeadline = min(nextDeadline, request.deadline.end)
                }
            }
            position += 1
        }
        return expired
    }

    /// True if the reply that is coming in is one that nobody waits for.
    package var isDropping: Bool { !line.isEmpty && line.first.waiter == nil }

    /// How far a request has come.
    func progress(of request: Request, unwritten: Int = 0) -> ConnectionFailure.Progress {
        if isHandshaking { return .connecting }
        if request.firstByte >= handedOut { return .inLine }
        return request.firstByte + unwritten >= handedOut ? .beingWritten : .mayHaveBeenSent
    }

    /// Removes a request that was not handed out, bytes and all; true then. Lets any other stand without a waiter.
    @discardableResult
    private mutating func giveUp(_ position: Int) -> Bool {
        let request = line[position]
        guard request.firstByte >= handedOut else {
            line[position].waiter = nil
            line[position].dropReplies()
            abandonedCount += 1
            if abandonedCount > Self.mostAbandoned { close() }
            return false
        }
        _ = line.remove(at: position)
        let end = position < line.count ? line[position].firstByte : handedOut + outgoing.count
        outgoing.removeSubrange(request.firstByte - handedOut..<end - handedOut)
        for behind in position..<line.count { line[behind].firstByte -= end - request.firstByte }
        return true
    }

    private func timedOut(_ position: Int, at now: Moment, _ unwritten: Int) -> ConnectionFailure {
        let request = line[position]
        let progress = progress(of: request, unwritten: unwritten)
        var words = "no reply within \(request.deadline.timeout.inWords): it \(progress.inWords(settings.endpoint))"
        if position > 0 {
            let age = now - line.first.deadline.start
            words += ", behind \(position) others of which the first is \(age.inWords) old"
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
