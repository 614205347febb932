import BulkheadRESP

// A new login of a connection that is in use.
//
// AUTH leaves alone: what was handed out is answered before it, and what was not is held until it is answered. A server
// that fails to answer a refused AUTH behind other replies, as one version of Redis may, cannot shift the replies of
// others then. It costs the requests of that moment a round trip or two.

extension ConnectionMachine {
    /// How far a new login has come.
    enum LoginStep: Sendable {
        case none
        /// It waits until nothing is under way.
        case wanted
        /// AUTH was handed out.
        case asked
    }

    /// Has the connection log in by `login` as soon as nothing is under way; false where it cannot, or has a newer one
    /// already. The caller knows that no transaction is open on it.
    mutating func renewLogin(_ login: Login) -> Bool {
        guard case .ready = state, !refusesRequests, !isBroken, login.number > loginNumber, login.credentials != nil,
            login.number > (pendingLogin?.number ?? 0)
        else { return false }
        // In RESP2 a subscribed connection takes no AUTH.
        guard version == .resp3 || !ledger.isSubscribed && subscriptions.isEmpty else { return false }
        pendingLogin = login
        if loginStep == .none { loginStep = .wanted }
        return true
    }

    /// True if AUTH may leave now.
    var mayLogIn: Bool { loginStep == .wanted && !isFirstHandedOut }

    mutating func takeLogin(into buffer: inout [UInt8]) {
        guard mayLogIn, let login = pendingLogin, let credentials = login.credentials else { return }
        buffer = login.encoded(credentials)
        loginStep = .asked
        askedLogin = login.number
    }

    /// The answer to AUTH.
    mutating func loginAnswered(_ reply: RESPValue) -> Reception {
        let isAccepted: Bool
        switch reply.withoutAttributes {
        case .simpleString("OK"): isAccepted = true
        case let reply where reply.errorMessage != nil: isAccepted = false
        default:
            isBroken = true
            return .broken(
                ConnectionFailure(
                    .unsolicitedReply,
                    "\(settings.endpoint) answered AUTH with what is no answer to it; the connection is closed so that "
                        + "no reply reaches the wrong request"))
        }
        loginNumber = askedLogin
        // A newer one may have come meanwhile.
        if let pendingLogin, pendingLogin.number > askedLogin {
            loginStep = .wanted
        } else {
            pendingLogin = nil
            loginStep = .none
        }
        if !isAccepted, loginStep == .none { isOutdated = true }
        return .loggedIn(askedLogin, isAccepted: isAccepted)
    }
}
