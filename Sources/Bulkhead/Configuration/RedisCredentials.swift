import BulkheadNetworking

/// A login that the program itself has found out; see ``RedisConfiguration/credentials``.
///
/// With a ``validity`` it serves every connection to its server until it ends. When four fifths of that time are over
/// the program is asked again, and open connections log in by the answer with AUTH, each between two commands: those
/// that are shared, that subscribe, and that are lent; one that is inside a transaction behind its end. If the program
/// has no answer yet it is asked again until it has.
///
/// Without one the program is asked for each new connection. Open connections log in anew as soon as an answer differs
/// from the last.
///
/// A server that refuses a login makes the client ask once more at once. An open connection whose new login is refused
/// keeps its old one, and is replaced as soon as it is free. In RESP2 a connection that listens to messages takes no
/// AUTH: it keeps its login for as long as the server lets it.
public struct RedisCredentials: Sendable, Hashable {
    /// The user of the server's ACL; nil is its default user.
    public var username: String?
    private let secret: String
    /// How long they hold, from when the function returns them. Nil if that is not known.
    public var validity: Duration?

    /// A user, a password and how long they hold. They are sent to the server, and never printed or part of an error.
    public init(username: String? = nil, password: RedisPassword, validity: Duration? = nil) {
        self.username = username
        secret = password.text
        self.validity = validity
    }

    /// The password of that user.
    public var password: RedisPassword { RedisPassword(secret) }

    var forConnections: Credentials { Credentials(username: username, password: secret, validity: validity) }
}

extension RedisCredentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "(credentials)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension RedisConfiguration {
    /// Asks the program for the credentials of this place; nil if it has no function for that.
    func makeCredentialSource() -> CredentialSource? {
        guard let credentials else { return nil }
        return CredentialSource(address, timeout: connectTimeout, backoff: backoff) { [address] in
            try await credentials(address)?.forConnections
        }
    }
}
