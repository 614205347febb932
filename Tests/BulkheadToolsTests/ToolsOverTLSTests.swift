import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

/// Every tool that connects, at a server whose port speaks TLS alone and wants a certificate of its clients.
@Suite(.enabled(if: ServerUnderTest.speaksTLS), .timeLimit(.minutes(10))) struct ToolsOverTLSTests {
    private static let certificates = TestCertificates.shared
    /// What a URL needs to get in.
    private static let rightSettings =
        "?tls_ca_file=\(certificates.authority)&tls_cert_file=\(certificates.client.certificate)"
        + "&tls_key_file=\(certificates.client.key)"

    private func withServers(
        _ count: Int = 1, _ body: ([RedisTestServer], _ folder: String) async throws -> Void
    ) async throws {
        let servers = try (0..<count).map { _ in
            try RedisTestServer.startWithTLS(clientAuthority: Self.certificates.authority, arguments: promptly)
        }
        defer { for server in servers { server.stop() } }
        try await withBackupFolder { try await body(servers, $0) }
    }

    @Test func `each tool does its work over TLS`() async throws {
        try await withServers(2) { servers, folder in
            let server = servers[0]
            let url = server.url + Self.rightSettings
            let other = servers[1].url.replacing("rediss", with: "valkeys") + Self.rightSettings
            let file = folder + "/main.rdb"
            let databases = RedisDatabases(try RedisConfiguration(url: "unix://\(server.socketPath)"))
            for index in 0..<10 { try await databases[.main].set("session:\(index)", "value \(index)") }
            func run(_ words: String..., exitCode: Int32 = 0) async throws -> String {
                let outcome = try await Bulkhead.run(words + ["--url", url])
                #expect(outcome.exitCode == exitCode, "\(words): \(outcome.text)\(outcome.errors)")
                return outcome.text
            }
            let check = try await run("check", "main", "--json", "-q")
            #expect(check.contains(#""keys" : 10,"#), "\(check)")
            // The certificates of the tests end within 30 days.
            #expect(try await run("doctor", exitCode: 1).contains("the server's certificate ends in 29 days"))
            #expect(try await run("catalogue").contains(#""name": "main""#))
            _ = try await run("backup", "main", "--to", file, "--method", "sync")
            #expect(try manifest(file).keys == 10 && manifest(file).consistency == .pointInTime)
            _ = try await run("migrate", "--from", "main", "--to", "knowledge", "--all", "--copy", "-q")
            #expect(try await databases[.knowledge].get("session:7") == "value 7")
            _ = try await run("migrate", "--from", "knowledge", "--to-url", other, "--all", "-q")
            #expect(try await databases[.knowledge].dbsize() == 0)
            _ = try await run("diff", "main", "knowledge", "--right-url", other)
            #expect(try await run("diff", "main", "knowledge", exitCode: 1).contains("10 only in main"))
            _ = try await run("flush", "main", "--yes", "--expecting", "10")
            #expect(try await databases[.main].dbsize() == 0)
            _ = try await run("restore", file, "--into", "main", "--yes", "--verify")
            #expect(try await databases[.main].get("session:7") == "value 7")
            let cases = try await run(
                "conformance", "--chapter", "types", "--chapter", "requests", "--time-limit", "60s", "-q")
            #expect(cases.contains(" 0 failed"), "\(cases)")
            let alike = try await run(
                "conformance", "--against", other, "--databases", "13,14", "--commands", "5000", "-q")
            #expect(alike.contains("8,000 commands"), "\(alike)")
            await databases.close()
        }
    }

    @Test(.enabled(if: SearchServer.vectorSetOptions != nil, "\(SearchServer.absence)"))
    func `a vector set is made over TLS`() async throws {
        let server = try RedisTestServer.start(try #require(SearchServer.vectorSetOptions))
        defer { server.stop() }
        let proxy = try RedisTestTLSProxy.start(to: server, Self.certificates.server.tls)
        defer { proxy.stop() }
        let databases = RedisDatabases(try RedisConfiguration(url: server.url))
        for index in 0..<10 {
            try await databases[.knowledge].hset("doc:\(index)", ["vector": [Float(index), 1, 2] as [Float]])
        }
        let url = "\(proxy.url)?tls_ca_file=\(Self.certificates.authority)"
        let outcome = try await Bulkhead.run("vectors", "knowledge", "pages", "--url", url)
        #expect(outcome.exitCode == 0, "\(outcome.errors)")
        #expect(try await databases[.knowledge].vcard("pages") == 10)
        await databases.close()
    }

    /// A call of each tool; FILE is that of a backup.
    private static let calls: [[String]] = [
        ["check"], ["doctor"], ["catalogue"], ["backup", "main", "--to", "FILE.new"],
        ["migrate", "--from", "main", "--to", "knowledge", "--all"], ["diff", "main", "knowledge"],
        ["flush", "main", "--yes", "--expecting", "1"], ["restore", "FILE", "--into", "main", "--yes"],
        ["vectors", "main", "set", "--dry-run"], ["conformance", "--chapter", "types"],
    ]

    @Test func `the list of calls has every tool that takes a URL`() {
        let names = BulkheadProgram.commands.filter { $0.flags.contains { $0.name == "url" } }.map(\.name)
        #expect(Set(names) == Set(Self.calls.map { $0[0] }))
    }

    @Test(arguments: calls)
    func `each tool says what to do about trouble with TLS`(call: [String]) async throws {
        try await withServers { servers, folder in
            let server = servers[0]
            let file = folder + "/main.rdb"
            let backup = try await Bulkhead.run("backup", "main", "--to", file, "--url", "unix://\(server.socketPath)")
            #expect(backup.exitCode == 0, "\(backup.errors)")
            let (authority, stranger) = (Self.certificates.authority, Self.certificates.otherAuthority)
            let port = "127.0.0.1:\(server.port ?? 0)"
            for (url, words) in [
                ("\(server.url)?tls_ca_file=\(stranger)", "none of the authorities in \(stranger) has issued it"),
                ("\(server.url)?tls_ca_file=\(authority)", "client certificate"),
                ("\(server.url)?tls_ca_file=\(folder)/none.pem", "\(folder)/none.pem cannot be read"),
                ("redis://\(port)", "TLS"),
            ] {
                let outcome = try await Bulkhead.run(
                    call.map { $0.replacing("FILE", with: file) } + ["--url", url])
                #expect(outcome.exitCode == 2, "\(call) \(url): \(outcome.text)\(outcome.errors)")
                #expect(outcome.errors.contains(words), "\(call) \(url): \(outcome.errors)")
            }
        }
    }

    /// All at once, as each waits until its time to connect is over.
    @Test func `each tool says that a port does not speak TLS`() async throws {
        let server = try RedisTestServer.start(RedisTestServer.Options(listening: .tcp, arguments: promptly))
        defer { server.stop() }
        try await withBackupFolder { folder in
            let file = folder + "/main.rdb"
            let backup = try await Bulkhead.run("backup", "main", "--to", file, "--url", server.url)
            #expect(backup.exitCode == 0, "\(backup.errors)")
            try await withThrowingTaskGroup { group in
                for call in Self.calls {
                    let words = call.map { $0.replacing("FILE", with: file) }
                    let url = server.url.replacing("redis://", with: "rediss://")
                    group.addTask {
                        let outcome = try await Bulkhead.run(words + ["--url", url])
                        #expect(outcome.exitCode == 2, "\(call): \(outcome.text)\(outcome.errors)")
                        let advice = "does this port speak TLS? If not, use redis://"
                        #expect(outcome.errors.contains(advice), "\(call): \(outcome.errors)")
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `nobody is asked for the passphrase of a key, not even on a terminal`() async throws {
        try await withServers { servers, _ in
            let client = Self.certificates.client.certificate
            let url =
                servers[0].url + "?tls_ca_file=\(Self.certificates.authority)&tls_cert_file=\(client)"
                + "&tls_key_file=\(Self.certificates.encryptedKey)"
            let shown = try await Bulkhead.onTerminal(["check", "--url", url], columns: 120)
            #expect(shown.exitCode == 2)
            #expect(shown.words.contains("is encrypted: set its passphrase"), "\(shown.text)")
            #expect(!shown.words.contains("Enter"))
            let opened = try await Bulkhead.onTerminal(
                ["check", "--url", url], columns: 120,
                environment: ["REDIS_TLS_KEY_PASSPHRASE": Self.certificates.passphrase])
            #expect(opened.exitCode == 0, "\(opened.text)")
        }
    }
}
