import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

@Suite("bulkhead doctor: who logs in", .timeLimit(.minutes(10))) struct DoctorLoginTests {
    /// The URL of the server with this login.
    private func url(_ login: String, _ server: RedisTestServer) -> String {
        server.url.replacing("://", with: "://\(login)@", maxReplacements: 1)
    }

    private func file(_ entries: String, _ server: RedisTestServer) throws -> String {
        let file = server.folder + "/names.json"
        try Data("{\"databases\": [\(entries)]}".utf8).write(to: URL(fileURLWithPath: file))
        return file
    }

    @Test func `where all names have a login of their own nobody comes without one`() async throws {
        try await withToolServer(arguments: ["--requirepass", "sesame", "--maxmemory", "100mb"]) { server, _ in
            let names = try file(
                #"{"name": "knowledge", "number": 1, "url": "\#(url(":sesame", server))"}"#, server)
            for call in ["bulkhead doctor --url \(server.url)", "REDIS_URL=\(server.url) bulkhead doctor"] {
                let outcome = try await Bulkhead.shell("\(call) --catalogue \(names)")
                #expect(outcome.exitCode == 1, "\(outcome.errors)")
                #expect(outcome.text.contains("without keys: knowledge"), "\(outcome.text)")
            }
        }
    }

    @Test func `each login is tried and asked for its rights, and named without its password`() async throws {
        let arguments = ["--maxmemory", "100mb", "--appendonly", "yes"]
        try await withToolServer(arguments: arguments) { server, databases in
            for (user, rights) in [("app", ["+@all"]), ("ro", ["+@all", "-@write"])] {
                try await databases[.main].run(
                    .raw("ACL", ["SETUSER", user, "on", ">sesame", "~*"] + rights, as: RESPValue.self))
            }
            for (login, word) in [("ro:mellon", "login"), ("ro:sesame", "acl")] {
                let names = try file(
                    #"{"name": "main", "number": 0, "url": "\#(url("app:sesame", server))"}, "#
                        + #"{"name": "vectors", "number": 1, "url": "\#(url(login, server))"}"#, server)
                let outcome = try await Bulkhead.run("doctor", "--catalogue", names, "--json")
                #expect(outcome.exitCode == 1, "\(outcome.errors)")
                let report = try JSONSerialization.jsonObject(with: outcome.output) as? [String: Any]
                let servers = report?["servers"] as? [[String: Any]] ?? []
                #expect(servers.count == 1)
                let findings = servers.first?["findings"] as? [[String: String]] ?? []
                let found = findings.filter { $0["code"] == word }
                #expect(!found.isEmpty, "\(findings)")
                #expect(
                    found.allSatisfy {
                        $0["message"]?.split(separator: " ").contains { $0 == "ro" || $0 == "ro:" } == true
                    })
                #expect(Set(found).count == found.count)
                let text = outcome.text + outcome.errors
                #expect(!text.contains("mellon") && !text.contains("sesame"), "\(text)")
            }
        }
    }

    @Test func `a user who may not ask for users learns what was not looked at`() async throws {
        let arguments = ["--maxmemory", "100mb", "--appendonly", "yes"]
        try await withToolServer(arguments: arguments) { server, databases in
            try await databases[.main].send("ACL", "SETUSER", "app", "on", ">secret", "~*", "+@all", "-acl")
            let outcome = try await Bulkhead.run("doctor", "--url", url("app:secret", server))
            #expect(outcome.exitCode == 0, "\(outcome.text)")
            let text = outcome.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(text.contains("the ACL denies ACL WHOAMI to this user"), "\(text)")
        }
    }

    @Test func `a login of the URL that no name has is refused`() async throws {
        try await withToolServer { server, _ in
            let names = try file(
                #"{"name": "orders", "number": 1, "url": "\#(url("ro:sesame", server))"}"#, server)
            for command in [["doctor"], ["check"], ["flush", "orders", "--yes"], ["backup", "1"]] {
                let outcome = try await Bulkhead.run(
                    command + ["--catalogue", names, "--url", url("admin:mellon", server)])
                #expect(outcome.exitCode == 64, "\(command[0]): \(outcome.errors)")
                #expect(outcome.errors.contains("another login"), "\(outcome.errors)")
            }
        }
    }
}
