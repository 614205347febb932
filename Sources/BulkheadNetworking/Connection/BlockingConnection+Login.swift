import BulkheadRESP

extension BlockingConnection {
    /// True if there is a newer login than the connection's.
    var isLoginDue: Bool { settings.credentials?.login(newerThan: machine.loginNumber) != nil }

    /// Logs in anew if there is a newer login; false where the server refused it, or did not answer. It goes on with
    /// the old one then, and the connection is not lent again.
    ///
    /// No transaction may be open on it.
    @discardableResult
    package func renewLogin(until deadline: Deadline) -> Bool {
        guard let source = settings.credentials, let login = source.login(newerThan: machine.loginNumber),
            let credentials = login.credentials
        else { return true }
        // In RESP2 a subscribed connection takes no AUTH.
        guard machine.version == .resp3 || !machine.ledger.isSubscribed else { return true }
        let limit = Deadline(after: Timeout(settings.connectTimeout))
        let reply = try? send(login.encoded(credentials), until: limit.end < deadline.end ? limit : deadline)
        machine.loginNumber = login.number
        if case .simpleString("OK")? = reply?.withoutAttributes { return true }
        machine.isOutdated = true
        if reply?.errorMessage != nil { source.refused(login.number) }
        return false
    }
}
