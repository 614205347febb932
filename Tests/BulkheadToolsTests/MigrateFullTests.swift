import Bulkhead
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Testing

@testable import BulkheadTools

/// A server at its limit that evicts nothing refuses every write that needs memory, and all that MULTI would queue.
@Suite("bulkhead migrate: out of a full server", .timeLimit(.minutes(10))) struct MigrateFullTests {
    private func fill(_ database: RedisDatabase) async throws {
        try await database.send("CONFIG", "SET", "maxmemory-policy", "noeviction")
        try await database.send("CONFIG", "SET", "maxmemory", "1")
        await #expect(throws: RedisError.self) { try await database.set("one more", "x") }
    }

    @Test(arguments: [Way.move, .replace, .across])
    func `keys of every type leave it`(way: Way) async throws {
        try await withSides(way) { sides in
            let keys = try await EveryType.write(to: sides.source)
            var before: [Snapshot] = []
            for key in keys { before.append(try await Snapshot(key, sides.source)) }
            try await fill(sides.source)
            let migrated = try await sides.migrate(way == .across ? ["--on-conflict", "skip"] : [])
            #expect(migrated.exitCode == 0, "\(migrated.errors) \(migrated.json)")
            #expect(migrated["moved"] == keys.count)
            #expect(try await sides.source.names == [])
            #expect(try await sides.target.dbsize() == keys.count)
            try await sides.source.send("CONFIG", "SET", "maxmemory", "0")
            for (key, before) in zip(keys, before) {
                #expect(try await Snapshot(key, sides.target) == before, "\(String(decoding: key, as: UTF8.self))")
            }
        }
    }

    @Test func `a key that has changed since it was copied stays, with a deletion that heeds no watch`() async throws {
        try await withSides(.across) { sides in
            try await sides.source.rpush("t:list", "a", "b")
            try await sides.source.set("t:string", "x", expiry: .after(.seconds(1_000)))
            try await sides.source.set("t:other", "x")
            try await fill(sides.source)
            let facts = (try await ServerFacts(of: sides.source), try await ServerFacts(of: sides.target))
            let plan = MigrationPlan(from: .init(.main, number: 0), to: .init(.knowledge, number: 1))
            let mover = CrossServerMover(plan, from: facts.0, to: facts.1, HandoverNotes(plan, from: "", to: ""))
            try await sides.source.withConnection { source in
                try await sides.target.withConnection { target in
                    let lane = MigrationLane(number: 0, source: source, target: target)
                    try await mover.start([lane], of: plan, in: sides.source)
                    var slice = MigrationSlice(["t:list", "t:string", "t:other"])
                    let read = try await mover.read([0, 1, 2], &slice, lane)
                    let dumped = try await mover.verify(
                        try #require(try await mover.restore(read, mover.note(of: read, slice), &slice, lane)), &slice,
                        lane)
                    func delete(_ places: [Int]) async throws -> Bool {
                        let keys = places.map { dumped[$0] }
                        return try await mover.delete(keys, mover.note(of: keys, slice), &slice, lane)
                    }
                    try await sides.source.send("LPOP", "t:list")
                    #expect(try await delete([0, 2]) == false)
                    try await sides.source.send("PERSIST", "t:string")
                    #expect(try await delete([1]) == false)
                    #expect(try await sides.source.exists("t:list", "t:string", "t:other") == 3)
                    #expect(try await delete([2]))
                    #expect(try await sides.source.exists("t:other") == 0)
                    // Nor does it delete for a run whose place another has taken.
                    try await sides.source.send("UNLINK", mover.fence.names[0])
                    try await sides.source.send("PEXPIREAT", "t:string", dumped[1].expiry.absolute)
                    #expect(try await delete([1]) == false)
                    #expect(try await sides.source.exists("t:string") == 1)
                }
            }
        }
    }
}
