public import BulkheadTestServer
import Foundation

/// Certificates of authorities, servers and clients, made by the openssl command in a private folder, which is removed
/// when the process ends.
public struct TestCertificates: Sendable {
    /// The files of one certificate and its key.
    public struct Pair: Sendable, Hashable {
        public let certificate: String
        public let key: String

        /// For a server; in a group or a cluster it trusts those of the same authority.
        public var tls: RedisTestServer.TLS {
            var tls = RedisTestServer.TLS(certificateFile: certificate, keyFile: key)
            tls.authorityFile = TestCertificates.shared.authority
            return tls
        }
    }

    public static let shared = TestCertificates()

    public let folder: String

    /// The authority of all but those that say otherwise.
    public var authority: String { folder + "/ca.pem" }
    /// One that has issued only `foreignClient`.
    public var otherAuthority: String { folder + "/other-ca.pem" }
    /// A folder with `authority`, prepared by `openssl rehash`.
    public var authorityFolder: String { folder + "/authorities" }

    /// For localhost, 127.0.0.1 and ::1.
    public var server: Pair { pair("server") }
    /// For redis.example and 192.0.2.1.
    public var elsewhere: Pair { pair("elsewhere") }
    /// For localhost in its subject only.
    public var subjectOnly: Pair { pair("subject-only") }
    /// As `server`, until yesterday.
    public var expired: Pair { pair("expired") }
    public var client: Pair { pair("client") }
    /// Of a client, by the other authority.
    public var foreignClient: Pair { pair("foreign") }
    /// The key of `client`, encrypted with `passphrase`.
    public var encryptedKey: String { folder + "/encrypted.key" }
    public let passphrase = "open sesame"

    private func pair(_ name: String) -> Pair {
        Pair(certificate: "\(folder)/\(name).pem", key: "\(folder)/\(name).key")
    }

    private init() {
        folder = NSTemporaryDirectory() + "certificates-\(UUID().uuidString.prefix(8))"
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            process.arguments = ["-euc", Self.script]
            process.currentDirectoryURL = URL(fileURLWithPath: folder)
            process.environment = ProcessInfo.processInfo.environment.merging(["PASSPHRASE": passphrase]) { $1 }
            process.standardOutput = FileHandle.nullDevice
            let complaints = Pipe()
            process.standardError = complaints
            try process.run()
            let text = String(decoding: complaints.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            precondition(process.terminationStatus == 0, "the openssl command makes no certificates: \(text)")
        } catch {
            preconditionFailure("no folder for certificates can be made: \(error)")
        }
        atexit { try? FileManager.default.removeItem(atPath: TestCertificates.shared.folder) }
    }

    private static let script = """
        key() { openssl ecparam -name prime256v1 -genkey -noout -out $1.key; }
        authority() {
          key $1
          openssl req -x509 -new -key $1.key -subj "/CN=$1" -days 30 -out $1.pem \\
            -addext basicConstraints=critical,CA:TRUE
        }
        # name, authority, subject, days, subject alternative names
        certificate() {
          key $1
          openssl req -new -key $1.key -subj "/CN=$3" ${5:+-addext "subjectAltName=$5"} -out $1.csr
          openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -CAcreateserial -days $4 -copy_extensions copy \\
            -out $1.pem
        }
        authority ca; authority other-ca
        local=DNS:localhost,IP:127.0.0.1,IP:::1
        certificate server ca localhost 30 $local
        certificate elsewhere ca redis.example 30 DNS:redis.example,IP:192.0.2.1
        certificate subject-only ca localhost 30
        certificate expired ca localhost -1 $local
        certificate client ca client 30
        certificate foreign other-ca client 30
        openssl pkey -in client.key -aes256 -passout env:PASSPHRASE -out encrypted.key
        mkdir authorities; cp ca.pem authorities; openssl rehash authorities
        """
}

extension RedisTestServer {
    /// A server whose port speaks TLS.
    public static func startWithTLS(
        _ pair: TestCertificates.Pair = TestCertificates.shared.server, clientAuthority: String? = nil,
        arguments: [String] = []
    ) throws(RedisTestServerError) -> RedisTestServer {
        let tls = TLS(
            certificateFile: pair.certificate, keyFile: pair.key, clientAuthorityFile: clientAuthority)
        return try start(Options(listening: .tcp, arguments: arguments, tls: tls))
    }
}
