import Dispatch
import Synchronization

/// Is told of each new login; see `CredentialSource.watch`.
package protocol LoginWatcher: AnyObject, Sendable {
    /// There is a newer login than before.
    func loginChanged()
}

/// Tells those who have connections. Whoever has news refers to it weakly, in their place: an object that had weak
/// references would be retained and released at several times the cost, by every call.
final class LoginCallback: LoginWatcher {
    private let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }

    func loginChanged() { body() }
}

/// Asks a program's function for the credentials of one server, and tells those who have connections of new ones.
///
/// The function runs in a task of its own; whoever needs its answer blocks a thread that is meant for that. A thin
/// shell round `CredentialMachine`: lock, change, unlock, act.
package final class CredentialSource: Sendable {
    package typealias Function = @Sendable () async throws -> Credentials?

    private struct State: Sendable {
        var machine = CredentialMachine()
        var task: Task<Void, Never>?
        var waiters: [DispatchSemaphore] = []
        var watchers: [WeakWatcher] = []
        /// As many watchers as were alive at the last count, doubled: then those that have gone are dropped.
        var mostWatchers = 16
        var isClosed = false
    }

    private struct WeakWatcher: Sendable {
        weak let watcher: (any LoginWatcher)?
    }

    private let place: String
    private let timeout: Duration
    private let backoff: Backoff
    private let function: Function
    private let state = Mutex(State())
    /// The number of the newest login, without the mutex.
    private let latestNumber = Atomic(0)

    /// `place` stands in errors; the function has `timeout` for each answer.
    package init(
        _ place: String, timeout: Duration, backoff: Backoff, asking function: @escaping Function
    ) {
        self.place = place
        self.timeout = timeout
        self.backoff = backoff
        self.function = function
    }

    deinit { state.withLock { $0.task }?.cancel() }

    /// Asks no more; whoever waits fails.
    package func close() {
        let (task, waiters) = state.withLock { state in
            state.isClosed = true
            return (state.task, state.waiters)
        }
        task?.cancel()
        for waiter in waiters { waiter.signal() }
    }

    /// The newest login, if it is newer than that number; a connection in use takes it.
    func login(newerThan number: Int) -> Login? {
        guard latestNumber.load(ordering: .acquiring) > number else { return nil }
        return state.withLock { $0.machine.latest }
    }

    /// Has `watcher`, which is not retained, told of new logins.
    package func watch(_ watcher: any LoginWatcher) {
        state.withLock { state in
            if state.watchers.count >= state.mostWatchers {
                state.watchers.removeAll { $0.watcher == nil }
                state.mostWatchers = max(16, 2 * state.watchers.count)
            }
            state.watchers.append(WeakWatcher(watcher: watcher))
        }
    }

    /// A server has refused that login.
    func refused(_ number: Int) { state.withLock { $0.machine.refused(number) } }

    /// A login for a new connection. Blocks its thread until there is one; throws at `deadline`, or where the function
    /// fails. `check` is called at least every 50 ms, and may throw.
    func login(
        until deadline: Moment, _ check: () throws(ConnectionFailure) -> Void
    ) throws(ConnectionFailure) -> Login {
        let waiter = DispatchSemaphore(value: 0)
        let step: CredentialMachine.Step = state.withLock { state in
            if state.isClosed { return .fail(Self.closed) }
            let step = state.machine.wanted(at: .now)
            if case .wait = step { state.waiters.append(waiter) }
            return step
        }
        let question: Int
        switch step {
        case .use(let login): return login
        case .fail(let failure): throw failure
        case .wait(let open, let isNew):
            question = open
            if isNew { ask(open) }
        }
        defer { state.withLock { state in state.waiters.removeAll { $0 === waiter } } }
        while true {
            let outcome = state.withLock { state in
                state.isClosed ? .failure(Self.closed) : state.machine.outcome(of: question)
            }
            if let outcome { return try outcome.get() }
            try check()
            let left = deadline - .now
            guard left > .zero else { throw late }
            let pause = min(left.wholeMilliseconds, ByteStream.mostMillisecondsUnseen)
            _ = waiter.wait(timeout: .now() + .milliseconds(Int(pause)))
        }
    }

    private static var closed: ConnectionFailure {
        ConnectionFailure(.closed, "the databases were closed", stage: .refused)
    }

    private var late: ConnectionFailure {
        ConnectionFailure(
            .credentialsUnavailable,
            "the function that gives the credentials for \(place) did not return within \(timeout.inWords)")
    }

    // MARK: The function

    private func ask(_ question: Int) {
        let task = Task.detached { [weak self, function] in
            let answer: Result<Credentials?, any Error>
            do {
                answer = .success(try await function())
            } catch {
                answer = .failure(error)
            }
            self?.answered(question, answer)
        }
        state.withLock { $0.task = task }
        Poller.shared.look(at: .now + timeout, for: Timer { [weak self] in self?.giveUp(question) })
    }

    private func answered(_ question: Int, _ answer: Result<Credentials?, any Error>) {
        switch answer {
        case .success(let credentials):
            change { $0.answered(question, credentials, at: .now) }
        case .failure(let error):
            // Its type alone: whatever it says of itself may hold what nobody is to read.
            let failure = ConnectionFailure(
                .credentialsUnavailable,
                "the function that gives the credentials for \(place) threw \(type(of: error))")
            change { machine in
                machine.failed(question, failure, at: .now, wait: backoff.waitAtRandom)
                return nil
            }
        }
    }

    private func giveUp(_ question: Int) {
        let task = state.withLock { state in state.machine.outcome(of: question) == nil ? state.task : nil }
        guard let task else { return }
        // The question is closed first: what a function returns because it was cancelled is no answer.
        change { machine in
            machine.failed(question, late, at: .now, wait: backoff.waitAtRandom)
            return nil
        }
        task.cancel()
    }

    private func renew() {
        let question = state.withLock { state in
            state.isClosed ? nil : state.machine.renewalIsDue(at: .now)
        }
        if let question { ask(question) }
    }

    /// Changes the machine, and has done what follows: those who wait look again, those who watch are told, and the
    /// next renewal is set.
    private func change(_ event: (inout CredentialMachine) -> Login?) {
        let (news, waiters, watchers, next) = state.withLock { state in
            let news = event(&state.machine)
            if let news { latestNumber.store(news.number, ordering: .releasing) }
            let watchers = news == nil ? [] : state.watchers.compactMap(\.watcher)
            return (news, state.waiters, watchers, state.isClosed ? .never : state.machine.nextRenewal)
        }
        for waiter in waiters { waiter.signal() }
        if news != nil { for watcher in watchers { watcher.loginChanged() } }
        if next != .never { Poller.shared.look(at: next, for: Timer { [weak self] in self?.renew() }) }
    }
}

extension ConnectionSettings {
    /// Makes an attempt with the login that holds now. One that is refused may have been replaced meanwhile: the
    /// function is asked again, and the attempt made once more.
    func loggingIn<Result>(
        until deadline: Moment, check: () throws(ConnectionFailure) -> Void,
        _ attempt: (ConnectionSettings) throws(ConnectionFailure) -> Result
    ) throws(ConnectionFailure) -> Result {
        guard let credentials else { return try attempt(self) }
        let login = try credentials.login(until: deadline, check)
        do throws(ConnectionFailure) {
            return try attempt(loggedIn(by: login))
        } catch {
            guard error.reason == .authenticationFailed else { throw error }
            credentials.refused(login.number)
        }
        let second = try credentials.login(until: deadline, check)
        do throws(ConnectionFailure) {
            return try attempt(loggedIn(by: second))
        } catch {
            if error.reason == .authenticationFailed { credentials.refused(second.number) }
            throw error
        }
    }

    private func loggedIn(by login: Login) -> ConnectionSettings {
        var settings = self
        settings.username = login.credentials?.username
        settings.password = login.credentials?.password
        settings.loginNumber = login.number
        return settings
    }
}
