import BulkheadRESP

/// As whom a program logs in, as its own function has it.
package struct Credentials: Sendable, Hashable {
    /// Nil means the server's default user.
    package let username: String?
    package let password: String
    /// How long they hold from now on; nil is not known.
    package let validity: Duration?

    package init(username: String?, password: String, validity: Duration?) {
        self.username = username
        self.password = password
        self.validity = validity
    }
}

/// One answer of that function. Shows neither user nor password.
package struct Login: Sendable, CustomStringConvertible, CustomReflectable {
    /// A higher one is newer; zero is none.
    let number: Int
    /// Nil logs in as nobody.
    let credentials: Credentials?

    package var description: String { "login \(number)" }
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// AUTH, for a connection that is in use.
    func encoded(_ credentials: Credentials) -> [UInt8] {
        // Servers before 6 know only the form without a user.
        let words = ["AUTH"] + (credentials.username.map { [$0] } ?? []) + [credentials.password]
        var encoder = RESPEncoder(capacity: words.reduce(32) { $0 + $1.utf8.count + 16 })
        encoder.command(argumentCount: words.count)
        for word in words { encoder.argument(word) }
        return encoder.bytes
    }
}
