/// How to speak TLS with servers: whom to trust, what to check, who we are.
package struct TLSSettings: Sendable, Hashable {
    /// Whose signature makes a server's certificate good.
    package enum Trust: Sendable, Hashable {
        /// The authorities that the system's OpenSSL trusts.
        case system
        /// The certificates of a PEM file.
        case file(String)
        /// The certificates of a folder that `openssl rehash` has prepared.
        case folder(String)
    }

    /// What is checked of a server's certificate.
    package enum Verification: Sendable, Hashable {
        /// Signature, time, and that it was issued for the server's name or address.
        case full
        /// Signature and time: any certificate of the authority will do.
        case withoutName
        /// Nothing: whoever stands between can read and change everything.
        case none
    }

    package enum Version: Int, Sendable, Hashable {
        case tls12 = 0x0303
        case tls13 = 0x0304
    }

    package var trust = Trust.system
    package var verification = Verification.full
    /// The name that the certificate must have, and that is sent to the server (SNI). Nil is the endpoint's host.
    package var serverName: String?
    /// A PEM file with our own certificate and those between it and its authority; nil is none.
    package var certificateFile: String?
    /// A PEM file with the key of that; nil means that the certificate's file holds it too.
    package var keyFile: String?
    /// Of an encrypted key.
    package var passphrase: String?
    package var minimumVersion = Version.tls12

    package init() {}

    /// Files whose change means that the settings must be read anew.
    var files: [String] {
        let trusted: String? = if case .file(let path) = trust { path } else { nil }
        return [trusted, certificateFile, keyFile].compactMap(\.self)
    }
}

/// Shows no passphrase, not by `print`, `dump` or a debugger's summary of what holds it.
extension TLSSettings: CustomStringConvertible, CustomReflectable {
    package var description: String { "TLS settings" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
