import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

/// Runs a check in this process against a test server.
func report(
    on server: RedisTestServer, _ names: String..., sample: Int? = CheckRun.Settings.usualSample,
    isStopped: @escaping @Sendable () -> Bool = { false }
) async throws -> CheckReport {
    try await report(onURL: server.url, names, sample: sample, isStopped: isStopped)
}

/// The same by a URL, which may name a user.
func report(
    onURL url: String, _ names: String..., sample: Int? = CheckRun.Settings.usualSample
) async throws -> CheckReport {
    try await report(onURL: url, names, sample: sample) { false }
}

private func report(
    onURL url: String, _ names: [String], sample: Int?, isStopped: @escaping @Sendable () -> Bool
) async throws -> CheckReport {
    let arguments = try Arguments(
        reading: ["--url", url], flags: ServerSelection.flags, of: "bulkhead check")
    let selection = try ServerSelection(arguments, environment: [:])
    var settings = CheckRun.Settings()
    settings.sample = sample
    let wanted = try names.map { try selection.entry($0) }
    let run = CheckRun(selection: selection, wanted: wanted, settings: settings, isStopped: isStopped)
    return try await run.report(nil)
}

extension CheckReport {
    func database(_ name: String) throws -> DatabaseReport {
        try #require(servers.flatMap(\.databases).first { $0.name == name })
    }
}

extension DatabaseReport {
    var typeCounts: [String: Int] { Dictionary(uniqueKeysWithValues: types.map { ($0.type, $0.keys.value) }) }
    var timeCounts: [String: Int] { Dictionary(uniqueKeysWithValues: timesLeft.map { ($0.title, $0.keys.value) }) }
}

/// Fills databases with known contents: all types, expiries, keys that are no text, keys in the wrong place.
func fillForCheck(_ databases: RedisDatabases) async throws {
    let main = try databases[.main]
    let knowledge = try databases[.knowledge]
    func run(_ database: RedisDatabase, _ commands: [RedisCommand<RESPValue>]) async throws {
        for result in try await database.pipeline(commands) { _ = try result.get() }
    }
    func raw(_ name: String, _ arguments: [any RedisArgument]) -> RedisCommand<RESPValue> { .raw(name, arguments) }
    try await run(main, (0..<300).map { raw("SET", ["session:\($0)", "v", "EX", $0 < 100 ? 30 : 7_200]) })
    try await run(main, (0..<50).map { raw("SET", ["cache:page:\($0)", $0]) })
    try await run(main, (0..<40).map { raw("HSET", ["llama_index/vector_\($0)", "a", "b"]) })
    try await run(
        main,
        [
            raw("SET", ["my_chatroom_config", "{}"]), raw("SET", [[0xff, 0x00, 0x0a, 0x3a, 0x31] as [UInt8], "x"]),
            raw("SET", ["<b>&\"'\u{1b}[31m", "x"]), raw("RPUSH", ["queue:1", "a", "b"]),
            raw("SADD", ["tags", "x", "y"]),
            raw("ZADD", ["scores", 1.5, "a"]), raw("XADD", ["log", "*", "a", "b"]),
        ])
    try await run(knowledge, (0..<20).map { raw("HSET", ["doc:\($0)", "text", String(repeating: "t", count: 1_000)]) })
    try await run(knowledge, [raw("SET", ["doc:giant", String(repeating: "g", count: 500_000)])])
    try await run(try databases["db7"], (0..<5).map { raw("SET", ["celery-task-\($0)", "x"]) })
}
