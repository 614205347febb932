import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

/// TLS as users set it: in code, by a URL, by the environment, and for a single name of the catalogue.
@Suite struct TLSConfigurationTests {
    private static let certificates = TestCertificates.shared

    @Test(arguments: ["rediss://h", "valkeys://h", "REDISS://u:p@h:6379/0"])
    func `a URL with TLS checks all and trusts what the system trusts`(_ url: String) throws {
        let configuration = try RedisConfiguration(url: url)
        #expect(configuration.tls == RedisTLS() && configuration.address == "h:6379")
        let tls = try #require(configuration.tls)
        #expect(tls.trust == .system && tls.verification == .full && tls.minimumVersion == .tls12)
        #expect(tls.serverName == nil && tls.identity == nil)
    }

    @Test func `a URL carries the settings of TLS`() throws {
        let tls = try #require(
            try RedisConfiguration(
                url: "rediss://h?tls_ca_file=/a%20b/ca.pem&tls_cert_file=/c.pem&tls_key_file=/k.pem"
                    + "&tls_server_name=r.example&tls_verify=without-name&tls_min_version=1.3&max_leases=3"
            ).tls)
        #expect(tls.trust == .certificates(inFile: "/a b/ca.pem"))
        #expect(tls.identity?.certificateFile == "/c.pem" && tls.identity?.keyFile == "/k.pem")
        #expect(tls.serverName == "r.example" && tls.verification == .withoutName && tls.minimumVersion == .tls13)
        #expect(try RedisConfiguration(url: "rediss://h?tls_ca_folder=/f").tls?.trust == .certificates(inFolder: "/f"))
    }

    @Test(arguments: [
        ("redis://h?tls_ca_file=/ca.pem", "the parameter tls_ca_file without TLS: begin it with rediss://"),
        ("unix:///s?tls_verify=none", "without TLS"),
        ("rediss://h?tls_verify=maybe", "a tls_verify that is none of full, without-name and none"),
        ("rediss://h?tls_min_version=1.1", "a tls_min_version that is neither 1.2 nor 1.3"),
        ("rediss://h?tls_ca_file=", "a tls_ca_file that names no path"),
        ("rediss://h?tls_server_name=a%20b", "a tls_server_name that"),
        ("rediss://h?tls_key_file=/k", "names a key for TLS and no certificate"),
        ("rediss://h?tls_ca_file=/a&tls_ca_folder=/b", "both tls_ca_file and tls_ca_folder"),
        ("rediss://h?tls_verify=none&tls_verify=full", "twice"),
        ("rediss://h?tls_passphrase=x", "unknown parameter tls_passphrase"),
    ])
    func `a URL whose TLS cannot be used is refused, saying why`(url: String, words: String) {
        let error = #expect(throws: RedisError.self) { try RedisConfiguration(url: url) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains(words) == true, "\(String(describing: error))")
    }

    @Test func `the environment carries the settings of TLS`() throws {
        let configuration = try RedisConfiguration(environment: [
            "REDIS_HOST": "h", "REDIS_TLS": "yes", "REDIS_TLS_CA_FILE": "/ca.pem\n", "REDIS_TLS_CERT_FILE": "/c.pem",
            "REDIS_TLS_KEY_FILE": "/k.pem", "REDIS_TLS_KEY_PASSPHRASE": "hunter2\n",
            "REDIS_TLS_SERVER_NAME": "r.example",
        ])
        let tls = try #require(configuration.tls)
        #expect(tls.trust == .certificates(inFile: "/ca.pem") && tls.serverName == "r.example")
        #expect(tls.identity?.certificateFile == "/c.pem" && tls.identity?.passphrase != nil)
        let byURL = try RedisConfiguration(
            environment: ["REDIS_URL": "rediss://h?tls_ca_file=/a", "REDIS_TLS_CA_FILE": "/b"])
        #expect(byURL.tls?.trust == .certificates(inFile: "/b"))
        #expect(try RedisConfiguration(environment: ["REDIS_HOST": "h", "REDIS_TLS": "no"]).tls == nil)
    }

    @Test(arguments: [
        (["REDIS_HOST": "h", "REDIS_TLS": "maybe"], "REDIS_TLS is neither yes nor no"),
        (["REDIS_URL": "rediss://h", "REDIS_TLS": "no"], "REDIS_TLS is no, and REDIS_URL asks for TLS"),
        (["REDIS_HOST": "h", "REDIS_TLS_CA_FILE": "/a"], "REDIS_TLS_CA_FILE is set without TLS"),
        (["REDIS_URL": "redis://h", "REDIS_TLS_KEY_PASSPHRASE": "hunter2"], "REDIS_TLS_KEY_PASSPHRASE is set without"),
        (["REDIS_TLS": "yes", "REDIS_TLS_CA_FILE": "/a", "REDIS_TLS_CA_FOLDER": "/b"], "are both set"),
        (["REDIS_TLS": "yes", "REDIS_TLS_VERIFY": "perhaps"], "REDIS_TLS_VERIFY is none of"),
        (["REDIS_TLS": "yes", "REDIS_TLS_KEY_FILE": "/k"], "names a key for TLS and no certificate"),
    ])
    func `an environment whose TLS contradicts itself is refused`(environment: [String: String], words: String) {
        let error = #expect(throws: RedisError.self) { try RedisConfiguration(environment: environment) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains(words) == true, "\(String(describing: error))")
        #expect(error?.message.contains("hunter2") == false)
    }

    @Test func `no description shows the passphrase of a key`() throws {
        var configuration = RedisConfiguration(host: "h")
        configuration.tls = RedisTLS()
        configuration.tls?.identity = RedisTLS.Identity(certificateFile: "/c.pem", passphrase: "hunter2")
        var dumped = ""
        dump(configuration, to: &dumped)
        dump(RedisDatabases(configuration), to: &dumped)
        for text in ["\(configuration)", String(reflecting: configuration), dumped] {
            #expect(!text.contains("hunter2"))
        }
        #expect("\(configuration)" == "h:6379 over TLS with certificates by the system's authorities, as /c.pem")
    }

    // MARK: Against a server

    /// A server whose port speaks TLS, and a configuration for it.
    private func withTLS(
        clientAuthority: String? = nil, _ body: (RedisTestServer, RedisConfiguration) async throws -> Void
    ) async throws {
        let server = try RedisTestServer.startWithTLS(clientAuthority: clientAuthority)
        defer { server.stop() }
        var configuration = try RedisConfiguration(url: server.url + "?tls_ca_file=\(Self.certificates.authority)")
        configuration.version = ServerUnderTest.version
        configuration.connectTimeout = .seconds(300)
        configuration.commandTimeout = .seconds(300)
        try await body(server, configuration)
    }

    @Test(.enabled(if: ServerUnderTest.speaksTLS))
    func `names work over TLS for tasks, for threads, on leases and for subscribers`() async throws {
        try await withTLS { _, configuration in
            let databases = RedisDatabases(configuration)
            try await databases[.main].set("key", "main")
            try databases.blocking(.knowledge).set("key", "knowledge")
            #expect(try await databases[.main].get("key") == "main")
            #expect(try await databases[.knowledge].get("key") == "knowledge")
            try await databases[.main].rpush("list", ["element"])
            let popped = try await databases[.main].blpop("list", timeout: .seconds(60))
            #expect(popped != nil)
            await databases.close()
        }
    }

    @Test(.enabled(if: ServerUnderTest.speaksTLS))
    func `a client's certificate opens a server that wants one`() async throws {
        try await withTLS(clientAuthority: Self.certificates.authority) { _, configuration in
            var configuration = configuration
            let without = RedisDatabases(configuration)
            let refused = await #expect(throws: RedisError.self) { try await without[.main].get("key") }
            #expect(refused?.code == .tlsFailed && refused?.message.contains("client certificate") == true)
            await without.close()
            configuration.tls?.identity = RedisTLS.Identity(
                certificateFile: Self.certificates.client.certificate, keyFile: Self.certificates.encryptedKey,
                passphrase: RedisPassword(Self.certificates.passphrase))
            let databases = RedisDatabases(configuration)
            let value = try await databases[.main].get("key")
            #expect(value == nil)
            await databases.close()
        }
    }

    @Test(.enabled(if: ServerUnderTest.speaksTLS))
    func `a name whose url asks for TLS takes the configuration's authorities`() async throws {
        try await withTLS { second, configuration in
            let catalogue = try DatabaseCatalogue(
                json: Array(
                    """
                    {"databases": [
                        {"name": "main", "number": 0},
                        {"name": "knowledge", "number": 1, "url": "\(second.url)"},
                        {"name": "vectors", "number": 2, "url": "\(second.url)?tls_verify=none"},
                        {"name": "strict", "number": 3, "url": "\(second.url)?tls_min_version=1.2"}
                    ]}
                    """.utf8))
            let databases = RedisDatabases(configuration, catalogue: catalogue)
            try await databases[.knowledge].set("key", "over TLS")
            try await databases["vectors"].set("key", "unchecked")
            // Its own settings trust the system's authorities, and those do not know the server's.
            let error = await #expect(throws: RedisError.self) { try await databases["strict"].get("key") }
            #expect(error?.code == .certificateRefused && error?.database == "strict")
            #expect(try await databases[.knowledge].get("key") == "over TLS")
            await databases.close()
        }
    }

    @Test(.enabled(if: ServerUnderTest.speaksTLS))
    func `a renewed certificate of ours is used without a restart`() async throws {
        try await withTLS(clientAuthority: Self.certificates.authority) { _, configuration in
            let folder = NSTemporaryDirectory() + "renewed-\(UUID().uuidString.prefix(8))"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            func install(_ pair: TestCertificates.Pair) throws {
                for (from, to) in [(pair.certificate, "/c.pem"), (pair.key, "/k.pem")] {
                    try Data(contentsOf: URL(fileURLWithPath: from)).write(to: URL(fileURLWithPath: folder + to))
                }
            }
            try install(Self.certificates.foreignClient)
            var configuration = configuration
            configuration.reconnectDelay = .zero
            configuration.maximumReconnectDelay = .zero
            configuration.tls?.identity = RedisTLS.Identity(
                certificateFile: folder + "/c.pem", keyFile: folder + "/k.pem")
            let databases = RedisDatabases(configuration)
            let error = await #expect(throws: RedisError.self) { try await databases[.main].get("key") }
            #expect(error?.code == .tlsFailed)
            try install(Self.certificates.client)
            let value = try await databases[.main].get("key")
            #expect(value == nil)
            await databases.close()
        }
    }
}
