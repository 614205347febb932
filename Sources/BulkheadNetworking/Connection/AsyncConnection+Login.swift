import BulkheadRESP
import Synchronization

// New logins for a connection that is in use.

extension AsyncConnection {
    /// Logs in anew, between two requests, if there is a newer login than the connection's.
    ///
    /// No transaction may be open on it.
    package func renewLogin() {
        guard let credentials = settings.credentials else { return }
        let number = shared.withLock { $0.machine.loginNumber }
        guard let login = credentials.login(newerThan: number) else { return }
        guard change({ $0.machine.renewLogin(login) }) else { return }
        later(settings.connectTimeout) { $0.judgeLogin(login.number) }
    }

    /// A server that does not answer AUTH holds what waits behind it.
    private func judgeLogin(_ number: Int) {
        change { shared in
            guard shared.machine.loginStep == .asked, shared.machine.askedLogin == number else { return }
            let time = settings.connectTimeout.inWords
            shared.end(ConnectionFailure(.closedByServer, "\(settings.endpoint) did not answer AUTH within \(time)"))
        }
    }

    /// How AUTH went; for the owner of the I/O.
    func loggedIn(_ number: Int, isAccepted: Bool) {
        guard !isAccepted else { return }
        // The server goes on with the login that the connection has. New connections ask for another one.
        settings.credentials?.refused(number)
        // A lease ends with its user's part; a subscription with the server's patience.
        if pushes == nil, onPush == nil { retire() }
    }

    /// True if a function gives its logins.
    package var hasLogins: Bool { settings.credentials != nil }

    /// Has the holder of a lease told of new logins.
    package func watchLogins(by watcher: any LoginWatcher) { settings.credentials?.watch(watcher) }

    /// True if it may be lent. One that has an old login logs in anew before the first request.
    var isLendable: Bool {
        if settings.credentials != nil { renewLogin() }
        return !isClosed
    }
}
