import Bulkhead
import BulkheadRDB
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

/// A folder of its own for the files of one test; gone at the end.
func withBackupFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("backup-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder.path)
}

/// What is in a folder, in order.
func names(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
}

func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

func summary(_ path: String) throws -> RDBSummary {
    var summary = RDBSummary()
    var reader = RDBReader()
    try bytes(path).withUnsafeBytes { file in
        reader.feed(file)
        while let event = try reader.next() { summary.add(event) }
    }
    try reader.finish()
    return summary
}

func manifest(_ path: String) throws -> BackupManifest {
    try JSONDecoder().decode(BackupManifest.self, from: Data(try bytes(path + ".json")))
}

/// Servers that do not wait for a second replica before they begin a snapshot.
let promptly = ["--repl-diskless-sync-delay", "0"]

/// Waits until a file is being written in the folder.
func waitForPartialFile(in folder: String) async throws {
    let isThere = try await eventually {
        try names(in: folder).contains { $0.hasSuffix(NewFile.partialSuffix) }
    }
    #expect(isThere, "no file is being written")
}

/// Runs the server's program as the checker of its files: the name under which it is called decides.
func checkedByServer(_ path: String) async throws -> Bulkhead.Outcome {
    let program = try #require(
        ProcessInfo.processInfo.environment["REDIS_TEST_SERVER"] ?? found("redis-server") ?? found("valkey-server"))
    let binary = program.contains("/") ? program : try #require(found(program))
    let link = path + (ServerUnderTest.identity.flavour == .redis ? ".redis-check-rdb" : ".valkey-check-rdb")
    // The name of the link has to be that of the checker alone.
    let folder = link + ".d"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let checker = folder + (ServerUnderTest.identity.flavour == .redis ? "/redis-check-rdb" : "/valkey-check-rdb")
    try FileManager.default.createSymbolicLink(atPath: checker, withDestinationPath: binary)
    return try await Bulkhead.shell("'\(checker)' '\(path)'")
}

private func found(_ name: String) -> String? {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }
        .first { FileManager.default.isExecutableFile(atPath: $0) }
}

/// A fresh server of the same version, started on the file as it is.
func withServerLoading(
    _ path: String, _ body: (RedisTestServer, RedisDatabases) async throws -> Void
) async throws {
    let folder = path + ".loaded"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.copyItem(atPath: path, toPath: folder + "/dump.rdb")
    try await withToolServer(arguments: ["--dir", folder, "--dbfilename", "dump.rdb"], body)
}

/// One key as commands show it: its value without regard to its encoding, and when it expires.
struct KeyContent: Hashable {
    let digest: UInt64
    let type: String
    let expires: Int64?
}

/// Everything in a database.
func contents(of database: RedisDatabase) async throws -> [RESPBytes: KeyContent] {
    var contents: [RESPBytes: KeyContent] = [:]
    // Before 7.0 a server tells only what is left, so it adds its clock; the nearest multiple of 100 s makes up for
    // what the clock and the rest differ by. `fillWithEverything` sets such multiples.
    let expiryBefore7 = """
        local left, now = redis.call('PTTL', KEYS[1]), redis.call('TIME')
        if left < 0 then return left end
        return math.floor((now[1] * 1000 + left) / 100000 + 0.5) * 100000
        """
    for try await key in database.scan(as: RESPBytes.self) {
        let value = try DumpPayload(try await database.send("DUMP", key, as: [UInt8].self)).value()
        let expiry =
            ServerUnderTest.isAtLeast(redis: 7, 0)
            ? try await database.send("PEXPIRETIME", key, as: Int64.self)
            : try await database.send("EVAL", expiryBefore7, 1, key, as: Int64.self)
        let expires = expiry < 0 ? nil : expiry
        contents[key] = KeyContent(digest: value.canonicalDigest, type: value.typeName, expires: expires)
    }
    return contents
}

/// Something of every type and encoding that this server can hold, in one database.
func fillWithEverything(_ database: RedisDatabase, prefix: String) async throws {
    var batch = RedisBatch()
    func say(_ words: any RedisArgument...) { batch.append(.raw("\(words[0])", Array(words.dropFirst()))) }
    func key(_ name: String) -> String { prefix + name }
    for number in [0, 7, -7, 300, -70_000, 5_000_000_000] { say("SET", key("int:\(number)"), number) }
    say("SET", key("string"), "hello")
    say("SET", "1234", "a key that is a number")
    say("SET", key("lzf"), String(repeating: "abcdefgh", count: 500))
    say("SET", key(String(repeating: "longkey", count: 40)), "a key that is compressed")
    say("SET", RESPBytes(Array(prefix.utf8) + [0, 13, 10, 255]), RESPBytes((0...255).map { UInt8($0) }))
    say("SET", key("noise"), RESPBytes((0..<300_000).map { UInt8(truncatingIfNeeded: ($0 &* $0 &* 40_503) >> 7) }))
    say("PEXPIREAT", key("int:7"), 4_102_444_800_123)
    let hundreds = Int(Date().timeIntervalSince1970) / 100
    for index in 0..<300 {
        say("SET", key("key:\(index)"), "value:\(index)", "EXAT", (hundreds + 5_000 + index * 10) * 100)
    }
    let long = String(repeating: "x", count: 100)
    say("RPUSH", key("list:small"), "a", 1, -5_000, long)
    for index in 0..<2_000 { say("RPUSH", key("list:large"), "element:\(index)") }
    say("RPUSH", key("list:plain"), String(repeating: "y", count: 20_000))
    say("SADD", key("set:ints"), 1, 2, 300, -70_000, 5_000_000_000)
    say("SADD", key("set:small"), "a", "b", long)
    for index in 0..<600 { say("SADD", key("set:large"), "member:\(index)") }
    say("HSET", key("hash:small"), "f", "v", "g", 1)
    for index in 0..<600 { say("HSET", key("hash:large"), "field:\(index)", index) }
    say("ZADD", key("zset:small"), "1.5", "a", "-inf", "b", "inf", "c")
    for index in 0..<300 { say("ZADD", key("zset:large"), "\(index).25", "member:\(index)") }
    say("PFADD", key("hll"), "a", "b")
    let stream = key("stream")
    for index in 1...500 { say("XADD", stream, "\(index)-1", "field", index, "other", "value") }
    say("XDEL", stream, "4-1", "5-1")
    say("XGROUP", "CREATE", stream, "workers", "0")
    say("XGROUP", "CREATE", key("stream:empty"), "group", "$", "MKSTREAM")
    say("XREADGROUP", "GROUP", "workers", "alice", "COUNT", 70, "STREAMS", stream, ">")
    say("XREADGROUP", "GROUP", "workers", "bob", "COUNT", 5, "STREAMS", stream, ">")
    say("XACK", stream, "workers", "1-1", "2-1")
    if hasFieldExpiry {
        say("HSET", key("hash:ttl"), "f", "v", "g", "w")
        say("HEXPIRE", key("hash:ttl"), 500_000, "FIELDS", 1, "f")
        for index in 0..<600 { say("HSET", key("hash:large:ttl"), "field:\(index)", index) }
        say("HPEXPIRE", key("hash:large:ttl"), 500_000_000, "FIELDS", 2, "field:1", "field:77")
    }
    if hasVectorSets {
        for index in 0..<20 { say("VADD", key("vectors"), "VALUES", 3, "0.\(index)", "0.5", "-1", "element:\(index)") }
    }
    let filled = batch
    let replies = try await database.withConnection { connection in try await connection.pipeline(filled) }
    for reply in replies { if let message = reply.errorMessage { Issue.record("\(message.text ?? "")") } }
}

let hasVectorSets = ServerUnderTest.identity.flavour == .redis && ServerUnderTest.isAtLeast(redis: 8, 0)
let hasFieldExpiry =
    ServerUnderTest.identity.flavour == .redis
    ? ServerUnderTest.isAtLeast(redis: 7, 4) : ServerUnderTest.isAtLeast(valkey: 9, 0)
let hasFunctions = ServerUnderTest.isAtLeast(redis: 7, 0)
