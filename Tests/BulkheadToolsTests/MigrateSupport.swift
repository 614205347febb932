import Bulkhead
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

/// What `bulkhead migrate --json` printed, and how it ended.
struct Migrated {
    let exitCode: Int32
    let json: [String: Any]
    let errors: String

    subscript(_ name: String) -> Int { json[name] as? Int ?? -1 }

    /// found = moved + skipped + changed + expired + failed
    var addsUp: Bool {
        self["found"] == self["moved"] + self["skipped"] + self["changed"] + self["expired"] + self["failed"]
    }

    /// What it said on standard error, however it was wrapped.
    var said: String { errors.split(whereSeparator: \.isWhitespace).joined(separator: " ") }

    var remarks: [String] {
        (json["remarks"] as? [[String: Any]] ?? []).compactMap { $0["text"] as? String }
    }

    /// Runs the program. Its counts must add up, whatever it is called with.
    static func run(_ words: [String], from server: RedisTestServer) async throws -> Migrated {
        let outcome = try await Bulkhead.run(["migrate"] + words + ["--json", "--quiet", "--url", server.url])
        let json = try? JSONSerialization.jsonObject(with: outcome.output) as? [String: Any]
        let migrated = Migrated(exitCode: outcome.exitCode, json: json ?? [:], errors: outcome.errors)
        if json != nil { #expect(migrated.addsUp, "\(migrated.json)") }
        return migrated
    }
}

/// How keys may go.
enum Way: String, CaseIterable, CustomTestStringConvertible {
    case move, rename, replace, copy, renamedCopy, across, acrossCopy

    /// Every key begins with `t:`.
    var words: [String] {
        switch self {
        case .move: ["--to", "knowledge"]
        case .rename: ["--to", "knowledge", "--rename", "t:=t2:"]
        case .replace: ["--to", "knowledge", "--on-conflict", "replace"]
        case .copy: ["--to", "knowledge", "--copy"]
        case .renamedCopy: ["--to", "knowledge", "--copy", "--rename", "t:=t2:"]
        case .across: ["--to", "knowledge"]
        case .acrossCopy: ["--to", "knowledge", "--copy"]
        }
    }

    var copies: Bool { self == .copy || self == .renamedCopy || self == .acrossCopy }
    var isAcross: Bool { self == .across || self == .acrossCopy }
    func name(of key: [UInt8]) -> [UInt8] {
        self == .rename || self == .renamedCopy ? Array("t2:".utf8) + key.dropFirst(2) : key
    }

    var testDescription: String { rawValue }
}

/// Two databases, of one server or of two, with the words that say so.
struct Sides {
    let server: RedisTestServer
    let source: RedisDatabase
    let target: RedisDatabase
    let words: [String]

    func migrate(_ more: [String] = []) async throws -> Migrated {
        try await Migrated.run(["--from", "main", "--pattern", "t:*"] + words + more, from: server)
    }
}

func withSides(_ way: Way, _ body: (Sides) async throws -> Void) async throws {
    try await withToolServer { server, databases in
        guard way.isAcross else {
            return try await body(
                Sides(
                    server: server, source: try databases[.main], target: try databases[.knowledge], words: way.words))
        }
        try await withToolServer { other, others in
            try await body(
                Sides(
                    server: server, source: try databases[.main], target: try others[.knowledge],
                    words: way.words + ["--to-url", other.url]))
        }
    }
}

/// A key as its content and expiry can be compared.
struct Snapshot: Equatable, CustomStringConvertible {
    let payload: DumpedValue?
    let expiry: KeyExpiry

    init(_ key: [UInt8], _ database: RedisDatabase) async throws {
        payload = try await database.send("DUMP", key).bytes.map { DumpedValue($0) }
        let query = KeyExpiryQuery(try await ServerFacts(of: database))
        expiry = try await database.withConnection { try await query.ask([RESPBytes(key)], $0)[0] }
    }

    static func == (left: Snapshot, right: Snapshot) -> Bool {
        guard let mine = left.payload, let others = right.payload else {
            return left.payload == nil && right.payload == nil
        }
        return mine.difference(from: others, at: .min) == nil && left.expiry == right.expiry
    }

    var description: String { "\(payload?.payload.count ?? -1) bytes, \(expiry)" }
}

/// A key of every type and encoding that the server has, half of them with an expiry to the odd millisecond.
enum EveryType {
    /// Writes the keys, all of them below `t:`; their names.
    static func write(to database: RedisDatabase) async throws -> [[UInt8]] {
        func many(_ count: Int, _ element: (Int) -> [any RedisArgument]) -> [any RedisArgument] {
            (0..<count).flatMap(element)
        }
        let noise = (0..<1_000).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ $0 >> 3) }
        var commands: [(String, String, [any RedisArgument])] = [
            ("t:string", "SET", [noise]), ("t:integer", "SET", ["123456789"]), ("t:empty", "SET", [""]),
            ("t:long", "SET", [String(repeating: "ab", count: 50_000)]),
            ("t:list", "RPUSH", many(5) { ["e\($0)"] }), ("t:longlist", "RPUSH", many(3_000) { ["e\($0)"] }),
            ("t:biglist", "RPUSH", [String(repeating: "x", count: 20_000), "y"]),
            ("t:intset", "SADD", many(20) { [$0 * 1_000] }), ("t:set", "SADD", many(10) { ["m\($0)"] }),
            ("t:bigset", "SADD", many(2_000) { ["member \($0)"] }),
            ("t:zset", "ZADD", many(10) { [Double($0) * 0.1, "m\($0)"] }),
            ("t:bigzset", "ZADD", many(1_000) { [Double($0) * 0.25, "member \($0)"] }),
            ("t:hash", "HSET", many(10) { ["f\($0)", $0] }),
            ("t:bighash", "HSET", many(1_000) { ["field \($0)", [UInt8(truncatingIfNeeded: $0), 0xff, 0]] }),
            ("t:vector", "HSET", ["doc_id", "doc:1", "vector", [0.25, -0.5, 1] as [Float]]),
            ("t:bits", "SETBIT", [100, 1]), ("t:hll", "PFADD", many(500) { ["v\($0)"] }),
            ("t:geo", "GEOADD", ["13.361389", "38.115556", "Palermo"]),
        ]
        let binary: [UInt8] = Array("t:".utf8) + [0, 0xff, 0x0d, 0x0a, 0x80]
        for (key, name, arguments) in commands { try await database.send(name, [key] + arguments) }
        try await database.set(binary, "binary key")
        for index in 1...40 {
            try await database.send("XADD", "t:stream", "\(index)-\(index)", "field", "\(index)", "other", "x")
        }
        try await database.send("XDEL", "t:stream", "7-7")
        try await database.send("XGROUP", "CREATE", "t:stream", "readers", "0")
        try await database.send("XGROUP", "CREATE", "t:stream", "idle", "$")
        try await database.send("XREADGROUP", "GROUP", "readers", "alice", "COUNT", 5, "STREAMS", "t:stream", ">")
        try await database.send("XREADGROUP", "GROUP", "readers", "bob", "COUNT", 3, "STREAMS", "t:stream", ">")
        try await database.send("XACK", "t:stream", "readers", "2-2")
        commands.append(("t:stream", "", []))
        if ServerUnderTest.identity.flavour == .redis && ServerUnderTest.isAtLeast(redis: 8, 0) {
            for index in 0..<30 {
                try await database.send("VADD", "t:vectors", "VALUES", 3, index, index * 2, 1, "e\(index)")
            }
            commands.append(("t:vectors", "", []))
        }
        var keys = commands.map { Array($0.0.utf8) } + [binary]
        for (index, key) in keys.enumerated() where index.isMultiple(of: 2) {
            try await database.send("PEXPIRE", key, 3_600_017 + index * 1_001)
        }
        if hasFieldTimes {
            for (key, count) in [("t:hash times", 5), ("t:bighash times", 900)] {
                try await database.send("HSET", [key] + many(count) { ["f\($0)", $0] })
                try await database.send("HPEXPIRE", key, 7_200_013, "FIELDS", 2, "f1", "f3")
                keys.append(Array(key.utf8))
            }
        }
        return keys
    }

    /// HPEXPIRE came with Redis 7.4 and Valkey 9.0.
    static var hasFieldTimes: Bool {
        switch ServerUnderTest.identity.flavour {
        case .redis: ServerUnderTest.isAtLeast(redis: 7, 4)
        case .valkey: ServerUnderTest.isAtLeast(valkey: 9, 0)
        }
    }
}

extension RedisDatabase {
    /// The names of all keys, sorted; for tests alone.
    var names: [String] {
        get async throws {
            var names: [String] = []
            for try await key in scan(count: 1_000) { names.append(key) }
            return Set(names).sorted()
        }
    }
}
