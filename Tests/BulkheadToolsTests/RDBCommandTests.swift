import BulkheadRDB
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@Suite("bulkhead rdb", .timeLimit(.minutes(10))) struct RDBCommandTests {
    /// A snapshot of two databases.
    private static func file(aux: String = "redis-ver") -> [UInt8] {
        var writer = RDBWriter(RDBVersion(.redis, 11))
        writer.aux(aux, "7.2.4")
        for database in [0, 3] {
            writer.select(database)
            for (key, expiry) in [("a", nil), ("b", Int64(4_102_444_800_000))] {
                Array(key.utf8).withUnsafeBytes { writer.key($0, type: .string, expiry: expiry) }
                ([1, 118] as [UInt8]).withUnsafeBytes { writer.body($0) }
            }
        }
        writer.end()
        var bytes: [UInt8] = []
        writer.take(into: &bytes)
        return bytes
    }

    private static func json(_ outcome: Bulkhead.Outcome) throws -> NSDictionary {
        try #require(try JSONSerialization.jsonObject(with: outcome.output) as? NSDictionary)
    }

    @Test func `a whole file is described, and the exit code is 0`() async throws {
        let bytes = Self.file()
        let outcome = try await Bulkhead.run("rdb", "-", input: bytes)
        #expect(outcome.errors == "")
        #expect(outcome.exitCode == 0)
        func database(_ number: Int) -> [String: Any] {
            ["number": number, "keys": 2, "expires": 1, "types": ["string": 2]]
        }
        let expected: [String: Any] = [
            "version": 11, "flavour": "redis", "aux": ["redis-ver": "7.2.4"],
            "databases": [database(0), database(3)], "functions": 0, "module_data": [String: Int](),
            "bytes": bytes.count, "checksum": "ok",
        ]
        #expect(try Self.json(outcome) == expected as NSDictionary)
    }

    @Test func `a file is opened by its name, and a server's is described`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        _ = try say("MSET a 1 b 2", to: server)
        _ = try say("SAVE", to: server)
        let outcome = try await Bulkhead.run("rdb", server.folder + "/dump.rdb")
        #expect(outcome.exitCode == 0)
        let json = try Self.json(outcome)
        #expect(json["flavour"] as? String == server.flavour.rawValue)
        #expect(json["checksum"] as? String == "ok")
        let databases = try #require(json["databases"] as? [NSDictionary])
        #expect(databases.map { $0["keys"] as? Int } == [2])
    }

    @Test func `every truncated file exits 65 and says where it ends`() async throws {
        let bytes = Self.file()
        for count in [0, 5, 9, 20, bytes.count - 9, bytes.count - 1] {
            let outcome = try await Bulkhead.run("rdb", "-", input: bytes.prefix(count))
            #expect(outcome.output.isEmpty)
            #expect(outcome.errors.contains("(truncated at byte \(count))"))
            #expect(outcome.exitCode == 65)
        }
    }

    @Test func `a damaged file exits 65 and names the byte`() async throws {
        var bytes = Self.file()
        bytes[9] = 99
        let outcome = try await Bulkhead.run("rdb", "-", input: bytes)
        #expect(outcome.output.isEmpty)
        #expect(
            outcome.errors
                == "bulkhead rdb: standard input: a value of the unknown type 99 (unknown-type at byte 9).\n")
        #expect(outcome.exitCode == 65)
        let behind = try await Bulkhead.run("rdb", "-", input: Self.file() + [0])
        #expect(behind.exitCode == 65)
        #expect(behind.errors.contains("bytes follow the end of the snapshot"))
    }

    @Test func `a whole file with a wrong checksum is described and exits 65`() async throws {
        var bytes = Self.file()
        bytes[bytes.count - 1] ^= 1
        let outcome = try await Bulkhead.run("rdb", "-", input: bytes)
        #expect(try Self.json(outcome)["checksum"] as? String == "bad")
        #expect(outcome.errors.contains("checksum"))
        #expect(outcome.exitCode == 65)
    }

    @Test(arguments: ["/no/such/file.rdb", "/"])
    func `a file that cannot be read exits 74`(path: String) async throws {
        let outcome = try await Bulkhead.run("rdb", path)
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.contains(path))
        #expect(outcome.exitCode == 74)
    }

    @Test func `without a file it is a wrong call`() async throws {
        let outcome = try await Bulkhead.run("rdb")
        #expect(outcome.exitCode == 64)
        #expect(outcome.errors == "bulkhead rdb: FILE is missing\nTry 'bulkhead rdb --help'.\n")
    }
}
