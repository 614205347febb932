import BulkheadRDB
import BulkheadRDBBodies
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

/// Snapshots of the server this run is about, in the version that it writes.
@Suite("Snapshots of a real server", .serialized, .timeLimit(.minutes(10))) struct SnapshotServerTests {
    /// The file of one server that was filled once, and its keys by database.
    static let filled: (file: [UInt8], keys: [Int: Int]) = {
        do {
            return try RedisTestServer.withServer(options) { server in
                let talk = try Conversation(with: server)
                try FilledServer.fill(talk)
                return (try FilledServer.save(server, talk), try countKeys(talk))
            }
        } catch {
            preconditionFailure("no server was filled: \(error)")
        }
    }()

    private static let options = RedisTestServer.Options(arguments: ["--rdbcompression", "yes"])

    private static func countKeys(_ talk: Conversation) throws -> [Int: Int] {
        var counts: [Int: Int] = [:]
        for database in [0, 2, 5] {
            try talk.say("SELECT \(database)")
            guard case .integer(let count) = try talk.say("DBSIZE") else { continue }
            counts[database] = Int(count)
        }
        return counts
    }

    @Test func `every key of a server is in its snapshot, and every value is whole`() throws {
        let (file, keys) = Self.filled
        let reading = Reading(file)
        #expect(reading.violation == nil)
        #expect(reading.events.last == .end(.right))
        #expect(reading.entries.count == keys.values.reduce(0, +))
        let version = try #require(reading.version)
        for entry in reading.entries {
            let value = try RDBValue(type: entry.type, body: entry.body[...], version: version)
            #expect(value.typeName == (entry.module?.name ?? entry.kind.rawValue))
        }
    }

    @Test func `a snapshot gives the same events in blocks of any size`() {
        let (file, _) = Self.filled
        let whole = Reading(file)
        for size in [3, 61, 4_096] { #expect(Reading(file) { size } == whole) }
        var random = SeededGenerator(seed: 5)
        #expect(Reading(file) { Int.random(in: 1...3_000, using: &random) } == whole)
    }

    @Test func `a summary counts what the server counts`() throws {
        let (file, keys) = Self.filled
        var summary = RDBSummary()
        _ = Reading(file, summary: &summary) { 10_000 }
        #expect(summary.databases.mapValues(\.keys) == keys)
        #expect(summary.flavour?.rawValue == ServerUnderTest.identity.flavour.rawValue)
        #expect(summary.aux[ServerUnderTest.identity.flavour == .redis ? "redis-ver" : "valkey-ver"] != nil)
        #expect(summary.aux["redis-bits"] == "64")
        #expect(summary.checksum == .right)
        #expect(summary.functions == (ServerUnderTest.isAtLeast(redis: 7, 0) ? 1 : 0))
        let tally = try #require(summary.databases[2])
        #expect(tally.expires == 302)
        #expect(tally.types["stream"] == 2)
        #expect(tally.types["list"] == 3)
        #expect(tally.types["set"] == 3)
        #expect(tally.types["vectorset"] == (FilledServer.hasVectorSets ? 1 : nil))
    }

    @Test(arguments: [0, 2, 5], [0, 9])
    func `one database cut out passes the server's own check and holds the same values and nothing else`(
        database: Int, number: Int
    ) throws {
        let (file, keys) = Self.filled
        let cut = RDBFilter.Cut(database, as: number, hasFunctions: number == 0)
        let made = try #require(try filtered(file, [cut], block: 10_000).first)
        #expect(made.tally.keys == keys[database])

        try expectTheSame(Self.entries(of: file, database), Self.entries(of: made.file, number), of: file)
        #expect(Self.databases(of: made.file) == [number])
        let check = try Check.run(made.file)
        #expect(check.status == 0, "\(check.output)")
    }

    @Test func `the server's own check refuses what a reader refuses`() throws {
        let made = try #require(try filtered(Self.filled.file, [RDBFilter.Cut(2)], block: 1 << 16).first)
        var wrong = made.file
        wrong[wrong.count - 1] ^= 1
        var unknown = made.file
        unknown[9] = 99
        for file in [Array(made.file.dropLast(20)), wrong, unknown] {
            #expect(Reading(file).violation != nil)
            let check = try Check.run(file)
            #expect(check.status != 0)
            // That of Redis 8.2.3 never ends with some files that are cut short.
            #expect(!check.wasKilled || ServerUnderTest.isAtLeast(redis: 8, 0))
        }
    }

    @Test func `a fresh server loads one database cut out, as it was`() throws {
        let (file, keys) = Self.filled
        for (database, number) in [(2, 0), (5, 3)] {
            let made = try #require(
                try filtered(file, [RDBFilter.Cut(database, as: number, hasFunctions: true)], block: 1 << 16).first)
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("cut-\(UUID())")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
            defer { try? FileManager.default.removeItem(at: folder) }
            try Data(made.file).write(to: folder.appendingPathComponent("cut.rdb"))

            let options = RedisTestServer.Options(arguments: ["--dir", folder.path, "--dbfilename", "cut.rdb"])
            try RedisTestServer.withServer(options) { server in
                let talk = try Conversation(with: server)
                try talk.say("SELECT \(number)")
                #expect(try talk.say("DBSIZE") == .integer(Int64(keys[database]!)))
                #expect(try talk.say("INFO keyspace").text.split(separator: "\r\n").count == 2)
                #expect(try talk.say("GET db\(database):string") == .bulk("hello"))
                #expect(try talk.say("PTTL db\(database):int:7") != .integer(-1))
                try talk.say("SAVE")
                let saved = Array(try Data(contentsOf: folder.appendingPathComponent("cut.rdb")))
                try expectTheSame(Self.entries(of: file, database), Self.entries(of: saved, number), of: file)
                if ServerUnderTest.isAtLeast(redis: 7, 0) { #expect(try talk.say("FCALL f 0") == .integer(1)) }
            }
        }
    }

    @Test func `several databases are cut out in one go, and keys as one likes`() throws {
        let (file, keys) = Self.filled
        let prefix = Array("db5:key:".utf8)
        let results = try filtered(
            file,
            [
                RDBFilter.Cut(0), RDBFilter.Cut(5, as: 1), RDBFilter.Cut(5) { $0.starts(with: prefix) },
                RDBFilter.Cut(7),
            ], block: 777)
        #expect(results.map(\.tally.keys) == [keys[0], keys[5], 300, 0])
        #expect(results[2].tally.expires == 300)
        for result in results { #expect(try Check.run(result.file).status == 0) }
        #expect(Self.databases(of: results[3].file) == [])
        let whole = Self.entries(of: file, 5).filter { $0.key.starts(with: prefix) }
        #expect(Self.entries(of: results[2].file, 0) == whole)
    }

    @Test(arguments: ["allkeys-lru", "allkeys-lfu"])
    func `how long and how often keys were used comes along`(policy: String) throws {
        try RedisTestServer.withServer(.init(arguments: ["--maxmemory-policy", policy])) { server in
            let talk = try Conversation(with: server)
            try talk.say("SET a 1")
            try talk.say("SET b 2 EX 1000")
            let file = try FilledServer.save(server, talk)
            let made = try #require(try filtered(file, [RDBFilter.Cut(0)], block: 7).first)
            let entries = Self.entries(of: made.file, 0)
            #expect(entries.count == 2)
            for entry in entries {
                #expect((entry.idle != nil) == (policy == "allkeys-lru"))
                #expect((entry.frequency != nil) == (policy == "allkeys-lfu"))
            }
            #expect(entries == Self.entries(of: file, 0))
        }
    }

    @Test func `a server that writes no checksum is understood`() throws {
        try RedisTestServer.withServer(.init(arguments: ["--rdbchecksum", "no"])) { server in
            let talk = try Conversation(with: server)
            try talk.say("SET a 1")
            let file = try FilledServer.save(server, talk)
            #expect(Reading(file).events.last == .end(.absent))
            let made = try #require(try filtered(file, [RDBFilter.Cut(0)], block: 7).first)
            #expect(Reading(made.file).events.last == .end(.right))
        }
    }

    // MARK: Support

    private static func entries(of file: [UInt8], _ database: Int) -> [Reading.Entry] {
        var selected = 0
        return Reading(file).events.compactMap { event in
            if case .selectDatabase(let number) = event { selected = number }
            guard selected == database, case .entry(let entry) = event else { return nil }
            return entry
        }
    }

    private static func databases(of file: [UInt8]) -> [Int] {
        Reading(file).events.compactMap { if case .selectDatabase(let number) = $0 { number } else { nil } }
    }

    /// The same keys with the same expiries and, whatever their encoding and order, the same values.
    private func expectTheSame(_ left: [Reading.Entry], _ right: [Reading.Entry], of file: [UInt8]) throws {
        let version = try #require(Reading(file).version)
        #expect(left.count == right.count)
        let others = Dictionary(uniqueKeysWithValues: right.map { ($0.key, $0) })
        for entry in left {
            let name = String(decoding: entry.key, as: UTF8.self)
            let other = try #require(others[entry.key], "\(name) is missing")
            #expect(other.expiry == entry.expiry, "\(name)")
            let value = try RDBValue(type: entry.type, body: entry.body[...], version: version)
            let same = try RDBValue(type: other.type, body: other.body[...], version: version)
            #expect(value.difference(from: same) == nil, "\(name)")
        }
    }
}

/// The server's own program that checks snapshots: the server, under another name.
enum Check {
    static func run(_ file: [UInt8]) throws -> (status: Int32, wasKilled: Bool, output: String) {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("check-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("file.rdb")
        try Data(file).write(to: path)
        let program = folder.appendingPathComponent("\(ServerUnderTest.identity.flavour.rawValue)-check-rdb")
        try FileManager.default.createSymbolicLink(at: program, withDestinationURL: try serverProgram())
        let process = Process()
        process.executableURL = program
        process.arguments = [path.path]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        // It takes a tenth of a second.
        let end = DispatchWorkItem { kill(process.processIdentifier, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + 30, execute: end)
        defer { end.cancel() }
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, process.terminationReason == .uncaughtSignal, text)
    }

    /// Where the server under test is: REDIS_TEST_SERVER, a path or a name, else the first known on PATH.
    private static func serverProgram() throws -> URL {
        let environment = ProcessInfo.processInfo.environment
        let asked = environment["REDIS_TEST_SERVER"].flatMap { $0.isEmpty ? nil : [$0] }
        for name in asked ?? ["redis-server", "valkey-server"] {
            if name.contains("/") { return URL(fileURLWithPath: name) }
            for folder in (environment["PATH"] ?? "").split(separator: ":") {
                let path = "\(folder)/\(name)"
                if FileManager.default.isExecutableFile(atPath: path) { return URL(fileURLWithPath: path) }
            }
        }
        throw Conversation.Refused(description: "no server program")
    }
}

extension RESPValue {
    fileprivate static func bulk(_ text: String) -> RESPValue { .bulkString(RESPBytes(text.utf8)) }
}
