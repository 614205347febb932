import Bulkhead
import BulkheadRDB
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

/// Every value of every server that this machine has, given to every other one.
@Suite(
    "Values restored on another server", .timeLimit(.minutes(10)),
    .enabled(if: FetchedServers.programs.count > 1, "Tests/fetch-servers brings servers"))
struct LiveRestoringTests {
    /// The payload of each key in each packing.
    private static func payloads(_ program: String) throws -> (RDBVersion, [String: DumpPayload]) {
        var payloads: [String: DumpPayload] = [:]
        var version = RDBVersion(.redis, 0)
        try LiveServer.with(program) { live in
            version = try live.version()
            let keys = try live.fill("a:").map { "a:" + $0 }
            try live.unpack()
            let others = try live.fill("c:").map { "c:" + $0 }
            for key in keys + others where !key.contains("string") { payloads[key] = try live.dump(key) }
        }
        return (version, payloads)
    }

    @Test(.enabled(if: TestTier.hasTime), arguments: FetchedServers.programs)
    func `what is said to be restorable is restored and equivalent, and the rest is refused`(program: String) throws {
        let (version, payloads) = try Self.payloads(program)
        var restored = 0
        for target in FetchedServers.programs {
            try LiveServer.with(target) { live in
                let server = try live.version()
                for (key, payload) in payloads {
                    let name = "\(key) of \(version) on \(server)"
                    if payload.type == .module2 && !live.isRedis8 { continue }
                    guard let lowered = try? payload.forServer(server) else {
                        #expect(throws: RedisError.self, "\(name)") {
                            try live.call("RESTORE", key, 0, payload.bytes)
                        }
                        // The number alone would not do; 22 would be read as what it is not.
                        let forced = DumpPayload(type: payload.type, body: payload.body, version: server).bytes
                        #expect(throws: RedisError.self, "\(name), forced") {
                            try live.call("RESTORE", key, 0, forced)
                        }
                        continue
                    }
                    try live.call("RESTORE", key, 0, lowered.bytes)
                    restored += 1
                    let difference = try live.dumped(key).difference(from: payload.value())
                    #expect(difference == nil, "\(name)")
                    // The rule for what was not lowered.
                    let isTaken = (try? live.call("RESTORE", "as-it-was", 0, payload.bytes, "REPLACE")) != nil
                    #expect(isTaken == payload.version.canBeRestored(on: server), "\(name)")
                }
            }
        }
        #expect(restored > payloads.count)
    }

    @Test(arguments: FetchedServers.programs.filter { $0.contains("valkey") })
    func `a Valkey takes the numbers that are said, strict or relaxed`(program: String) throws {
        try LiveServer.with(program) { live in
            let server = try live.version()
            for version in [11, 12, 79, 80, 81, 200].map({ RDBVersion(ofDump: $0) }) {
                let payload = DumpPayload(type: .string, body: [1, 0x61], version: version)
                for (setting, isRelaxed) in [("strict", false), ("relaxed", true)] {
                    try live.call("CONFIG", "SET", "rdb-version-check", setting)
                    let isTaken = (try? live.call("RESTORE", "key", 0, payload.bytes, "REPLACE")) != nil
                    let mayBeTaken = version.canBeRestored(on: server, relaxed: isRelaxed)
                    #expect(isTaken == mayBeTaken, "\(setting), \(version.number)")
                }
            }
        }
    }
}
