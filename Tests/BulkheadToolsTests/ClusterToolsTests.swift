import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Synchronization
import Testing

@testable import BulkheadTools

/// The tools on names that live in a cluster: one name is all of its primaries.
@Suite(.serialized, .timeLimit(.minutes(10)), .enabled(if: ServerUnderTest.isAtLeast(redis: 6, 2)))
struct ClusterToolsTests {
    @Test func `backup, restore, diff, flush, check and doctor take a name of a cluster as a whole`() async throws {
        try await ClusterPlace.with { place in
            let count = "\(ClusterPlace.keys)"
            try await place.write(to: "main")
            let check = try await place.run("check", "main", "--exact", "--json", "-q")
            #expect(check.text.contains("\"keys\" : \(count)") || check.text.contains("\"keys\":\(count)"))
            let doctor = try await Bulkhead.run("doctor", "--catalogue", place.catalogue)
            for server in place.cluster.primaries { #expect(doctor.text.contains("127.0.0.1:\(server.port ?? 0)")) }
            let file = place.folder + "/main.rdb"
            _ = try await place.run("backup", "main", "--to", file)
            #expect(try manifest(file).keys == ClusterPlace.keys)
            #expect(try manifest(file).consistency == .fuzzy)
            // Into a server, and back into the cluster.
            _ = try await place.run("restore", file, "--into", "alone", "--verify", "--yes")
            _ = try await place.run("diff", "main", "alone")
            _ = try await place.run("diff", file, "main")
            _ = try await place.run("flush", "main", "--yes", "--expecting", count)
            #expect(try await place.size(of: "main") == 0)
            _ = try await place.run("restore", file, "--into", "main", "--verify", "--yes")
            _ = try await place.run("diff", "alone", "main")
            try await place.database("main").del("{3}:3")
            let diff = try await place.run("diff", "alone", "main", exitCode: 1)
            #expect(diff.text.contains("1 only in alone"), "\(diff.text)")
            let sync = try await place.run("backup", "main", "--to", file, "--method", "sync", exitCode: 2)
            #expect(sync.errors.contains("no snapshot in common"), "\(sync.errors)")
            guard ClusterPlace.hasDatabases else { return }
            try await place.write(to: "other")
            let refused = try await place.run("flush", "other", "--yes", "--expecting", count, exitCode: 1)
            #expect(refused.errors.contains("shares number 5 with kept"), "\(refused.errors)")
            #expect(try await place.size(of: "other") == ClusterPlace.keys)
        }
    }

    @Test(arguments: SlotMove.ofServer)
    func `while slots move, a backup misses no key, or fails and says so`(_ way: SlotMove) async throws {
        try await ClusterPlace.with { place in
            let name = ClusterPlace.hasDatabases ? "other" : "main"
            try await place.write(to: name)
            let file = place.folder + "/moving.rdb"
            let isOver = Ending()
            async let moves = place.moveSlots(way) { isOver.isSet.withLock { $0 } }
            // Some may see slots that move all the time.
            for index in 0..<3 {
                let file = place.folder + "/moving-\(index).rdb"
                let outcome = try await Bulkhead.run(["backup", name, "--to", file, "--catalogue", place.catalogue])
                if outcome.exitCode == 0 {
                    #expect(try manifest(file).keys == ClusterPlace.keys)
                } else {
                    #expect(outcome.errors.contains("kept moving"), "\(outcome.errors)")
                }
            }
            isOver.isSet.withLock { $0 = true }
            #expect(try await moves > 0)
            // And when they rest.
            _ = try await place.run("backup", name, "--to", file)
            #expect(try manifest(file).keys == ClusterPlace.keys)
        }
    }

    @Test(arguments: SlotMove.ofServer)
    func `while slots move, diff finds what differs and nothing else, or fails and says so`(
        _ way: SlotMove
    ) async throws {
        try await ClusterPlace.with { place in
            try await place.write(to: "main")
            _ = try await place.run("migrate", "--from", "main", "--to", "alone", "--all", "--copy", "-q")
            try await place.database("alone").del("{3}:3")
            try await place.database("alone").set("{4}:4", "another value")
            let isOver = Ending()
            async let moves = place.moveSlots(way) { isOver.isSet.withLock { $0 } }
            for sides in [["main", "alone"], ["alone", "main"]] {
                let outcome = try await Bulkhead.run(["diff"] + sides + ["--catalogue", place.catalogue])
                if outcome.exitCode == 1 {
                    #expect(outcome.text.contains("1 only in main"), "\(outcome.text)")
                    #expect(outcome.text.contains("{4}:4"), "\(outcome.text)")
                    #expect(!outcome.text.contains("only in alone"), "\(outcome.text)")
                } else {
                    #expect(outcome.exitCode == 2 && outcome.errors.contains("kept moving"), "\(outcome.errors)")
                }
            }
            isOver.isSet.withLock { $0 = true }
            #expect(try await moves > 0)
        }
    }

    @Test(.enabled(if: ClusterPlace.hasDatabases))
    func `a primary that loses its last slot ends no walk, and no key is missed`() async throws {
        try await ClusterPlace.with { place in
            try await place.write(to: "main")
            let main = try place.database("main")
            var walk = KeyWalk(over: main)
            var found = Set(try await walk.page(3) ?? [])
            let (giver, taker) = (place.cluster.primaries[0], place.cluster.primaries[1])
            let id = try ServerConversation(with: taker).text("CLUSTER MYID")
            let last = ClusterFacts.allSlots / 3 - 1
            _ = try ServerConversation(with: giver).text("CLUSTER MIGRATESLOTS SLOTSRANGE 0 \(last) NODE \(id)")
            for server in place.cluster.primaries {
                let talk = try ServerConversation(with: server)
                #expect(try await eventually { try talk.ownerOf(0) == taker.port && talk.ownerOf(last) == taker.port })
            }
            // From now on the server is none of the map's.
            _ = try await main.parts()
            while let page = try await walk.page(100) { found.formUnion(page) }
            #expect(found.count == ClusterPlace.keys)
        }
    }

    /// It looks for half a minute.
    @Test(.enabled(if: TestTier.isWhole))
    func `a slot that was left open half moved is no reason to call a backup whole`() async throws {
        try await ClusterPlace.with { place in
            try await place.write(to: "main")
            let (giver, taker) = (place.cluster.primaries[0], place.cluster.primaries[1])
            let id = try ServerConversation(with: giver).text("CLUSTER MYID")
            _ = try ServerConversation(with: taker).text("CLUSTER SETSLOT 0 IMPORTING \(id)")
            let file = place.folder + "/open.rdb"
            let outcome = try await place.run("backup", "main", "--to", file, exitCode: 2)
            #expect(outcome.errors.contains("kept moving"), "\(outcome.errors)")
            #expect(!FileManager.default.fileExists(atPath: file))
        }
    }
}

/// Which primaries are scanned once more, by value.
@Suite struct ClusterRoundsTests {
    private func share(
        _ id: String, _ slots: Int..., epoch: Int = 1, isImporting: Bool = false, to takers: Set<String> = [],
        arrivals: Int? = 0
    ) -> ClusterShare {
        ClusterShare(
            id: id, slots: Set(slots), epoch: epoch, isImporting: isImporting, takers: takers, arrivals: arrivals)
    }

    private func scanned(_ rounds: inout ClusterRounds) -> [String] {
        var ids: [String] = []
        while let id = rounds.next() { ids.append(id) }
        return ids
    }

    @Test func `where nothing moves each primary is scanned once`() {
        let shares = [share("a", 1, 2), share("b", 3)]
        var rounds = ClusterRounds(shares)
        #expect(scanned(&rounds) == ["a", "b"])
        #expect(rounds.step(shares) == .over)
    }

    @Test func `a primary that was given slots is scanned again, and one that gave some is not`() {
        var rounds = ClusterRounds([share("a", 1, 2), share("b", 3), share("c", 4)])
        _ = scanned(&rounds)
        #expect(rounds.step([share("a", 1), share("b", 2, 3), share("c", 4, epoch: 2), share("d", 5)]) == .again)
        #expect(scanned(&rounds) == ["b", "c", "d"])
        // What comes key by key has no end yet.
        let importing = [share("a", 1), share("b", 2, 3), share("c", 4, epoch: 2, isImporting: true), share("d", 5)]
        #expect(rounds.step(importing) == .again)
        #expect(scanned(&rounds) == ["c"])
        // What came between may have come behind the scan.
        let rested = [share("a", 1), share("b", 2, 3), share("c", 4, epoch: 2), share("d", 5)]
        #expect(rounds.step(rested) == .again)
        #expect(scanned(&rounds) == ["c"])
        #expect(rounds.step(rested) == .over)
    }

    @Test func `keys that came and no other sign of it are a reason, and so is a taker without a slot of its own`() {
        let rested = [share("a", 1, 2), share("b", 3)]
        var rounds = ClusterRounds(rested)
        _ = scanned(&rounds)
        let come = [share("a", 1, 2), share("b", 3, arrivals: 7)]
        #expect(rounds.step(come) == .again)
        #expect(scanned(&rounds) == ["b"])
        let giving = [share("a", 1, 2, to: ["new"]), share("b", 3, arrivals: 7)]
        #expect(rounds.step(giving) == .again)
        #expect(scanned(&rounds).isEmpty)
        #expect(rounds.step([share("a", 1), share("b", 3, arrivals: 7), share("new", 2, epoch: 3)]) == .again)
        #expect(scanned(&rounds) == ["new"])
    }

    @Test func `where slots move without end no walk is said to be whole`() {
        var rounds = ClusterRounds([share("a", 1)])
        for count in 2...ClusterRounds.most {
            #expect(scanned(&rounds) == ["a"])
            #expect(rounds.step([share("a", 1, epoch: count)]) == .again)
        }
        _ = scanned(&rounds)
        #expect(rounds.step([share("a", 1, epoch: 0)]) == .neverAtRest)
    }

    @Test func `a server's own line is read, whatever stands behind it`() throws {
        let text = """
            aa 127.0.0.1:1@2 master - 0 1 7 connected 5-6
            bb 127.0.0.1:3@4,host myself,master - 0 0 12 connected 0-2 4 [4->-cc] [8-<-aa]
            """
        let share = try #require(
            ClusterShare(nodes: text, commands: ["cmdstat_restore-asking": "calls=31,usec=5,usec_per_call=1.00"]))
        #expect(
            share
                == ClusterShare(
                    id: "bb", slots: [0, 1, 2, 4], epoch: 12, isImporting: true, takers: ["cc"], arrivals: 31))
        #expect(ClusterShare(nodes: text)?.arrivals == nil)
        #expect(ClusterShare(nodes: text, commands: ["cmdstat_get": "calls=1"])?.arrivals == 0)
        #expect(ClusterShare(nodes: "aa 127.0.0.1:1@2 master - 0 1 7 connected 5-6") == nil)
        let strange = "bb 127.0.0.1:3@4 myself,master - 0 0 9223372036854775807 connected 7 0-9223372036854775807"
        #expect(ClusterShare(nodes: strange)?.slots == [7], "there are 16,384 slots")
    }
}
