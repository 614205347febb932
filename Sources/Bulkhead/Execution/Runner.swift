import BulkheadNetworking

/// How every command and every batch runs, in both forms: checked, attempted, attempted again where ``RetryMachine``
/// says so, counted, its failure placed. A runner says where its attempts go; it has no rules of its own.
///
/// The two forms differ in `await` only. What decides is without I/O: ``Request/way()``, ``RetryMachine``.
protocol Runner {
    /// The database that errors name.
    var name: DatabaseName { get }
    var monitor: CommandMonitor { get }
    var timeout: Timeout { get }
    /// What the server has announced; nil where it was not asked to.
    var maintenance: MaintenanceWatch? { get }
    /// What may be sent again; nil on a leased connection, which goes with its last failure.
    var retryPolicy: RedisRetryPolicy? { get }

    /// The request's way; throws, and then nothing is sent, if it may not run here or now.
    func admit(_ request: some Request) throws(RedisError) -> Way
    /// A failure with what is known of its server beyond the connection.
    func explained(_ failure: ConnectionFailure) -> ConnectionFailure
    /// Replaces connections that lead to the wrong server; true if there are new ones since `moment`.
    func renew(since moment: Moment) -> Bool
}

/// Runs requests without blocking a thread.
protocol AsyncRunner: Runner {
    /// Sends a request once, and waits for its replies.
    func attempt<Sent: Request>(
        _ request: Sent, by way: Way, until deadline: Deadline
    ) async throws(ConnectionFailure) -> Sent.Received
}

/// Runs requests on the caller's thread.
protocol BlockingRunner: Runner {
    /// Sends a request once, and waits for its replies.
    func attempt<Sent: Request>(
        _ request: Sent, by way: Way, until deadline: Deadline
    ) throws(ConnectionFailure) -> Sent.Received
}

extension AsyncRunner {
    // Inlined, as each asynchronous function between a command's method and its connection costs a frame.
    @inline(__always)
    func replies<Sent: Request>(to request: Sent) async throws(RedisError) -> Sent.Received {
        guard let way = try admitted(request, isCancelled: Task.isCancelled) else { return request.unsentReplies }
        let deadline = Deadline(after: maintenance?.relaxed(timeout) ?? timeout)
        let outcome: Result<Sent.Received, ConnectionFailure>
        do {
            let replies = try await attempt(request, by: way, until: deadline)
            if !replies.mayNotStand {
                monitor.answered(request, replies, since: deadline.start)
                return replies
            }
            outcome = .success(replies)
        } catch {
            outcome = .failure(error)
        }
        return try await concluded(request, by: way, until: deadline, after: outcome)
    }

    /// What a first attempt comes to that has failed, or whose replies may not stand.
    @inline(__always)
    func concluded<Sent: Request>(
        _ request: Sent, by way: Way, until deadline: Deadline, after first: Result<Sent.Received, ConnectionFailure>
    ) async throws(RedisError) -> Sent.Received {
        try ended(request, await retried(request, by: way, until: deadline, after: first), deadline)
    }

    /// The outcome that stands, after as many attempts as it takes.
    @inline(never)
    private func retried<Sent: Request>(
        _ request: Sent, by way: Way, until deadline: Deadline, after first: Result<Sent.Received, ConnectionFailure>
    ) async -> Result<Sent.Received, ConnectionFailure> {
        guard let retryPolicy else { return first }
        var retry = RetryMachine(retryPolicy, of: request.bytes, until: deadline)
        var (outcome, start) = (first, deadline.start)
        while let pause = retry.pause(after: &outcome, renew: { renew(since: start) }) {
            // A task that is cancelled meanwhile has its outcome.
            guard await sleepTask(for: pause), !deadline.isOver else { return outcome }
            start = .now
            do {
                outcome = .success(try await attempt(request, by: way, until: deadline))
            } catch {
                outcome = .failure(error)
            }
        }
        return outcome
    }
}

extension BlockingRunner {
    @inline(__always)
    func replies<Sent: Request>(to request: Sent) throws(RedisError) -> Sent.Received {
        guard let way = try admitted(request) else { return request.unsentReplies }
        let deadline = Deadline(after: maintenance?.relaxed(timeout) ?? timeout)
        let outcome: Result<Sent.Received, ConnectionFailure>
        do {
            let replies = try attempt(request, by: way, until: deadline)
            if !replies.mayNotStand {
                monitor.answered(request, replies, since: deadline.start)
                return replies
            }
            outcome = .success(replies)
        } catch {
            outcome = .failure(error)
        }
        return try ended(request, retried(request, by: way, until: deadline, after: outcome), deadline)
    }

    /// The outcome that stands, after as many attempts as it takes.
    @inline(never)
    private func retried<Sent: Request>(
        _ request: Sent, by way: Way, until deadline: Deadline, after first: Result<Sent.Received, ConnectionFailure>
    ) -> Result<Sent.Received, ConnectionFailure> {
        guard let retryPolicy else { return first }
        var retry = RetryMachine(retryPolicy, of: request.bytes, until: deadline)
        var (outcome, start) = (first, deadline.start)
        while let pause = retry.pause(after: &outcome, renew: { renew(since: start) }) {
            sleepThread(for: pause)
            guard !deadline.isOver else { return outcome }
            start = .now
            outcome = Result { () throws(ConnectionFailure) in try attempt(request, by: way, until: deadline) }
        }
        return outcome
    }
}

extension Runner {
    /// With what the server has announced.
    var relaxedTimeout: Timeout { maintenance?.relaxed(timeout) ?? timeout }

    /// Nil if the replies are known and nothing is to be sent.
    @inline(__always)
    fileprivate func admitted(_ request: some Request, isCancelled: Bool = false) throws(RedisError) -> Way? {
        do throws(RedisError) {
            guard !isCancelled else {
                throw RedisError(.cancelled, "the task was cancelled before the command was sent")
            }
            let way = try admit(request)
            if case .unsent = way { return nil }
            return way
        } catch {
            throw monitor.refused(request, error).at(name, request.place)
        }
    }

    /// The replies, or the failure with its place; counted either way.
    fileprivate func ended<Sent: Request>(
        _ request: Sent, _ outcome: Result<Sent.Received, ConnectionFailure>, _ deadline: Deadline
    ) throws(RedisError) -> Sent.Received {
        switch outcome {
        case .success(let replies):
            monitor.answered(request, replies, since: deadline.start)
            return replies
        case .failure(let failure):
            throw monitor.failed(request, explained(failure), since: deadline.start).at(name, request.place)
        }
    }
}
