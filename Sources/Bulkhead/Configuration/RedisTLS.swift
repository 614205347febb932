import BulkheadNetworking

/// How to speak TLS with a server: whom to trust, what to check, and who we are.
///
/// The defaults check the server's certificate against the authorities that the system trusts, its name or address, and
/// its time, and speak TLS 1.2 or 1.3:
///
/// ```swift
/// var configuration = RedisConfiguration(host: "redis.internal", port: 6380)
/// configuration.tls = RedisTLS()
/// configuration.tls?.trust = .certificates(inFile: "/etc/ssl/redis-ca.pem")
/// ```
/// TLS is OpenSSL's, version 3 or 1.1.1, which the first connection loads from the system, or from the folder that the
/// environment's `BULKHEAD_OPENSSL` names; without it commands throw `tls-unavailable`. On Apple's systems that folder
/// must be set, and programs that are linked statically with musl cannot load it.
///
/// All files are in PEM form. They are read when the first connection is made, and again when they have changed, so
/// that renewed certificates need no restart. A file that cannot be used fails commands as `invalid-configuration`,
/// before anything is sent.
public struct RedisTLS: Sendable {
    var settings = TLSSettings()

    /// Trusts what the system trusts and checks everything.
    public init() {}

    /// Whose signature makes a server's certificate good. Default: the system's authorities.
    public var trust: Trust {
        get { Trust(value: settings.trust) }
        set { settings.trust = newValue.value }
    }

    /// What is checked of the server's certificate. Default: all.
    public var verification: Verification {
        get { Verification(value: settings.verification) }
        set { settings.verification = newValue.value }
    }

    /// The name or IP address that the server's certificate must be issued for, as one of its subject alternative
    /// names; a name is sent to the server too (SNI). Default nil: the host of the configuration. On a unix socket it
    /// must be set.
    public var serverName: String? {
        get { settings.serverName }
        set { settings.serverName = newValue }
    }

    /// Our own certificate, for servers that want one. Default nil.
    public var identity: Identity? {
        get {
            settings.certificateFile.map {
                Identity(
                    certificateFile: $0, keyFile: settings.keyFile,
                    passphrase: settings.passphrase.map { RedisPassword($0) })
            }
        }
        set {
            settings.certificateFile = newValue?.certificateFile
            settings.keyFile = newValue?.keyFile
            settings.passphrase = newValue?.passphrase?.text
        }
    }

    /// The lowest version of TLS that is spoken. Default 1.2.
    public var minimumVersion: Version {
        get { Version(value: settings.minimumVersion) }
        set { settings.minimumVersion = newValue.value }
    }

    /// Whose signature makes a server's certificate good.
    public struct Trust: Sendable, Hashable {
        let value: TLSSettings.Trust

        /// The authorities that the system's OpenSSL trusts, and those of SSL_CERT_FILE and SSL_CERT_DIR. Reading them
        /// takes up to a tenth of a second, once a server.
        public static let system = Trust(value: .system)

        /// The certificates of one file, and no others.
        public static func certificates(inFile path: String) -> Trust { Trust(value: .file(path)) }

        /// The certificates of a folder that `openssl rehash` has prepared, and no others.
        public static func certificates(inFolder path: String) -> Trust { Trust(value: .folder(path)) }
    }

    /// What is checked of a server's certificate.
    public struct Verification: Sendable, Hashable {
        let value: TLSSettings.Verification

        /// Authority, time, and that it was issued for the server's name or address.
        public static let full = Verification(value: .full)
        /// Authority and time. Whoever has any certificate of the authority can pretend to be the server.
        public static let withoutName = Verification(value: .withoutName)
        /// Nothing: whoever stands between can read and change everything. For tests.
        public static let none = Verification(value: .none)
    }

    /// A version of TLS.
    public struct Version: Sendable, Hashable {
        let value: TLSSettings.Version

        /// TLS 1.2.
        public static let tls12 = Version(value: .tls12)
        /// TLS 1.3.
        public static let tls13 = Version(value: .tls13)
    }

    /// A client's certificate and its key.
    public struct Identity: Sendable {
        /// The certificate, and behind it those between it and its authority.
        public var certificateFile: String
        /// The key of the certificate; nil means that the certificate's file holds it too.
        public var keyFile: String?
        /// The passphrase of an encrypted key. Default nil; it is never asked for on a terminal.
        public var passphrase: RedisPassword?

        /// A certificate, its key, and the key's passphrase if it has one.
        public init(certificateFile: String, keyFile: String? = nil, passphrase: RedisPassword? = nil) {
            self.certificateFile = certificateFile
            self.keyFile = keyFile
            self.passphrase = passphrase
        }
    }
}

/// Two are equal if they lead to the same conversations.
extension RedisTLS: Hashable {}

extension RedisTLS: CustomStringConvertible, CustomReflectable {
    /// What is checked, and by whom it must be signed; no passphrase.
    public var description: String {
        let trust =
            switch settings.trust {
            case .system: "the system's authorities"
            case .file(let path), .folder(let path): path
            }
        let check =
            switch settings.verification {
            case .full: "certificates by \(trust)"
            case .withoutName: "certificates by \(trust), whatever their name"
            case .none: "certificates unchecked"
            }
        return "TLS with \(check)" + (identity.map { ", as \($0.certificateFile)" } ?? "")
    }

    public var customMirror: Mirror { Mirror(self, children: []) }
}
