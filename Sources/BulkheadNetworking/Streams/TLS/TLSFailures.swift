/// What trouble with TLS means to its user: what happened, and what to do.
enum TLSFailures {
    /// How far a connection came.
    enum Stage {
        case handshake
        /// The handshake is over, and nothing has come. In TLS 1.3 the server judges our certificate only now.
        case unanswered
        case established
    }

    /// The reason in an error code of OpenSSL, where the bits above it differ between versions.
    static func reason(_ code: UInt) -> Int { Int(code & 0xfff) }

    // Reasons, by OpenSSL's sslerr.h.
    private static let certificateVerifyFailed = 134
    private static let unsupportedProtocol = 258
    private static let wrongVersionNumber = 267
    private static let unexpectedEnd = 294
    private static let packetTooLong = 198
    /// Alerts of the peer stand behind this number.
    private static let alerts = 1_000..<1_256

    static func isRefusedCertificate(_ code: UInt) -> Bool { reason(code) == certificateVerifyFailed }
    static func isUnexpectedEnd(_ code: UInt) -> Bool { reason(code) == unexpectedEnd }

    static func noName(_ endpoint: Endpoint) -> ConnectionFailure {
        ConnectionFailure(
            .tlsSettings,
            "the certificate of \(endpoint) cannot be checked, because no name is known for it: set the server name",
            stage: .refused)
    }

    static func handshakeTimedOut(_ endpoint: Endpoint) -> ConnectionFailure {
        ConnectionFailure(
            .connectTimedOut,
            "\(endpoint) accepted the connection but did not finish the TLS handshake in time: does this port speak "
                + "TLS? If not, use redis://")
    }

    /// What is known of a connection that fails.
    struct Report {
        let endpoint: Endpoint
        let name: String
        let settings: TLSSettings
        let stage: Stage

        private var hasIdentity: Bool { settings.certificateFile != nil }

        /// What to do about a client certificate.
        private var identityAdvice: String {
            hasIdentity
                ? "does it know the authority that issued our client certificate, and is that still valid?"
                : "does it want a client certificate? None is set"
        }

        /// The peer has ended its stream, with or without saying so.
        var ended: ConnectionFailure {
            switch stage {
            case .handshake: cut("closed the connection")
            case .unanswered: endedUnanswered("closed the connection")
            case .established: Socket.endOfStream(endpoint: endpoint)
            }
        }

        /// The socket failed.
        func broken(by code: Int32) -> ConnectionFailure {
            switch stage {
            case .handshake: cut("broke the connection (\(SystemCall.describe(code)))")
            case .unanswered: endedUnanswered("broke the connection (\(SystemCall.describe(code)))")
            case .established: Socket.failure(code: code, endpoint: endpoint)
            }
        }

        private func cut(_ what: String) -> ConnectionFailure {
            ConnectionFailure(
                .tlsFailed,
                "\(endpoint) \(what) during the TLS handshake: does this port speak TLS, and is there room for another "
                    + "client?")
        }

        private func endedUnanswered(_ what: String) -> ConnectionFailure {
            ConnectionFailure(
                .tlsRefused, "\(endpoint) \(what) right after the TLS handshake: \(identityAdvice)")
        }

        /// We do not accept the server's certificate.
        func certificateRefused(_ verification: Int, _ words: String) -> ConnectionFailure {
            let remedy: String
            switch verification {
            case 9: remedy = "is this machine's clock right?"
            case 10: remedy = "have it renewed, or set this machine's clock right"
            case 18, 19, 20, 21: remedy = unknownAuthority
            case 62, 64:
                let kind = verification == 62 ? "DNS" : "IP"
                remedy =
                    "it must have \(kind):\(name) as a subject alternative name (a name in its subject does not "
                    + "count); connect by a name that it has, or set the server name to one"
            default: remedy = "have the server's certificate replaced"
            }
            return ConnectionFailure(
                .certificateRefused, "the certificate of \(endpoint) is not accepted: \(words); \(remedy)")
        }

        private var unknownAuthority: String {
            switch settings.trust {
            case .system:
                "no authority that this system trusts has issued it: name the file of the authority that has (its CA "
                    + "certificate), or install the system's ca-certificates"
            case .file(let path):
                "none of the authorities in \(path) has issued it, or the server does not send the certificates between"
            case .folder(let path):
                "none of the authorities in \(path) has issued it (was `openssl rehash` run there?), or the server "
                    + "does not send the certificates between"
            }
        }

        /// Anything else that OpenSSL says.
        func failed(_ reason: Int, _ text: String) -> ConnectionFailure {
            switch reason {
            case alerts: alerted(reason - alerts.lowerBound, text)
            case unsupportedProtocol:
                ConnectionFailure(
                    .tlsRefused,
                    "\(endpoint) speaks no version of TLS that is allowed here: update the server, or allow a lower "
                        + "version (\(text))")
            case wrongVersionNumber, packetTooLong:
                ConnectionFailure(
                    .tlsFailed,
                    "\(endpoint) did not answer the TLS handshake with TLS: does this port speak TLS? If not, use "
                        + "redis:// (\(text))")
            default:
                ConnectionFailure(
                    stage == .established ? .inputOutput : .tlsFailed,
                    "TLS with \(endpoint) failed: \(text)")
            }
        }

        /// The peer's alert, by its number in RFC 8446.
        private func alerted(_ alert: Int, _ text: String) -> ConnectionFailure {
            let what: String
            switch alert {
            case 116: what = "wants a client certificate, and \(hasIdentity ? "got none it takes" : "none is set")"
            case 40 where !hasIdentity:
                what =
                    "refused the TLS handshake: it wants a client certificate, or has no version or cipher in "
                    + "common with us"
            case 40: what = "refused the TLS handshake: \(identityAdvice)"
            case 42...46, 48, 49, 51: what = "refused our client certificate: \(identityAdvice)"
            case 70, 71: what = "refused the versions and ciphers of TLS that are allowed here"
            case 112: what = "knows no server named \(name): set the server name"
            case _ where stage == .established: what = "ended the connection by an alert of TLS"
            default: what = "refused the TLS handshake"
            }
            return ConnectionFailure(
                stage == .established ? .closedByServer : .tlsRefused, "\(endpoint) \(what) (\(text))")
        }
    }
}
