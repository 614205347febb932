import Bulkhead
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Synchronization
import Testing

@testable import BulkheadTools

extension ClusterPlace {
    /// Runs `bulkhead migrate`; its counts must add up.
    func migrate(
        _ from: String, _ to: String, _ words: [String] = [],
        whileRunning body: (_ processIdentifier: Int32) async throws -> Void = { _ in }
    ) async throws -> Migrated {
        let all = ["migrate", "--from", from, "--to", to, "--json", "-q", "--catalogue", catalogue] + words
        let outcome = try await Bulkhead.run(all, whileRunning: body)
        let json = try? JSONSerialization.jsonObject(with: outcome.output) as? [String: Any]
        let migrated = Migrated(exitCode: outcome.exitCode, json: json ?? [:], errors: outcome.errors)
        if json != nil { #expect(migrated.addsUp, "\(migrated.json)") }
        return migrated
    }

    /// Nothing that a migration notes is left.
    func expectNoNotes(_ names: String...) async throws {
        for name in names {
            var left: [String] = []
            for try await key in try database(name).scan(match: "bulkhead:*", count: 1_000) { left.append(key) }
            #expect(left.isEmpty, "\(name): \(left)")
        }
    }

    /// Lists in forty slots, each with its first element.
    func writeLists(to name: String, _ count: Int) async throws {
        var batch = RedisBatch()
        for index in 0..<count { batch.append(RedisCommand<Int>.rpush(Self.list(index), ["first"])) }
        for reply in try await database(name).pipeline(batch) { #expect(reply.errorMessage == nil) }
    }

    static func list(_ index: Int) -> String { "t:{\(index % tags)}:\(index)" }

    /// What the lists hold in two databases together; an element that is in both counts twice.
    func elements(of count: Int, in names: String...) async throws -> [[String]] {
        var elements = [[String]](repeating: [], count: count)
        for name in names {
            for index in 0..<count {
                elements[index] += try await database(name).lrange(Self.list(index), from: 0, through: -1)
            }
        }
        return elements
    }

    /// Writes to one list in forty until it is stopped, and gives the elements that were acknowledged.
    func writing(to name: String, _ count: Int) throws -> Task<[(list: Int, element: String)], Never> {
        let database = try database(name)
        return Task {
            var written: [(list: Int, element: String)] = []
            var number = 0
            while !Task.isCancelled {
                let list = number * 40 % count
                let element = "w\(number)"
                number += 1
                // A write that fails was not acknowledged.
                if (try? await database.rpush(Self.list(list), [element])) != nil { written.append((list, element)) }
                try? await Task.sleep(for: .milliseconds(1))
            }
            return written
        }
    }

    func expectWhole(_ elements: [[String]], _ written: [(list: Int, element: String)]) {
        for (index, own) in elements.enumerated() {
            #expect(own.count { $0 == "first" } == 1, "\(Self.list(index)): \(own.prefix(5))")
            #expect(Set(own).count == own.count, "\(Self.list(index)) is doubled")
        }
        let lost = written.filter { !elements[$0.list].contains($0.element) }
        #expect(lost.isEmpty, "\(lost.count) of \(written.count) writes")
    }
}

/// Into, out of, between and within clusters.
@Suite(
    "bulkhead migrate: clusters", .serialized, .timeLimit(.minutes(10)),
    .enabled(if: ServerUnderTest.isAtLeast(redis: 6, 2)))
struct MigrateClusterTests {
    /// Source and target.
    static let ways: [[String]] =
        [["alone", "main"], ["main", "alone"], ["main", "elsewhere"]]
        + (ClusterPlace.hasDatabases ? [["main", "other"]] : [])

    @Test func `every type goes into a cluster and out of it, under another name, and stays the same`() async throws {
        try await ClusterPlace.with(second: true) { place in
            let alone = try place.database("alone")
            let count = try await EveryType.write(to: alone).count
            let copied = try await place.migrate("alone", "main", ["--all", "--copy", "--verify"])
            #expect(copied.exitCode == 0 && copied["verified"] == count, "\(copied.errors) \(copied.json)")
            _ = try await place.run("diff", "alone", "main")
            // Another name is in another slot.
            let renamed = try await place.migrate("alone", "elsewhere", ["--all", "--rename", "=u:"])
            #expect(renamed.exitCode == 0 && renamed["moved"] == count, "\(renamed.errors) \(renamed.json)")
            #expect(try await place.size(of: "alone") == 0)
            let back = try await place.migrate("elsewhere", "alone", ["--pattern", "u:*", "--rename", "u:="])
            #expect(back.exitCode == 0 && back["moved"] == count, "\(back.errors) \(back.json)")
            #expect(try await place.size(of: "elsewhere") == 0)
            _ = try await place.run("diff", "alone", "main")
            let taken = try await place.migrate("alone", "main", ["--all", "--on-conflict", "skip"])
            #expect(taken.exitCode == 1 && taken["skipped"] == count, "\(taken.errors) \(taken.json)")
            let dry = try await place.migrate("alone", "main", ["--all", "--dry-run", "--on-conflict", "replace"])
            #expect(dry["replaced"] == count, "\(dry.json)")
            let replaced = try await place.migrate("alone", "main", ["--all", "--on-conflict", "replace"])
            #expect(replaced.exitCode == 0 && replaced["moved"] == count, "\(replaced.errors) \(replaced.json)")
            #expect(try await place.size(of: "main") == count)
            #expect(try await place.size(of: "alone") == 0)
            try await place.expectNoNotes("main", "alone", "elsewhere")
            guard ClusterPlace.hasDatabases else { return }
            let within = try await place.migrate("main", "other", ["--pattern", "t:*", "--rename", "t:=v:"])
            #expect(within.exitCode == 0 && within["moved"] == count, "\(within.errors) \(within.json)")
            #expect(try await place.size(of: "main") == 0)
            #expect(try await place.size(of: "other") == count)
            try await place.expectNoNotes("main", "other")
        }
    }

    @Test(arguments: ways)
    func `a killed run is resumed under writes, and nothing is lost or doubled`(_ way: [String]) async throws {
        let (from, to) = (way[0], way[1])
        try await ClusterPlace.with(second: to == "elsewhere") { place in
            let count = 600
            try await place.writeLists(to: from, count)
            let writer = try place.writing(to: from, count)
            let words = ["--pattern", "t:*", "--on-conflict", "skip"]
            let target = try place.database(to)
            for (round, share) in [100, 250].enumerated() {
                let more = round == 0 ? [] : ["--resume"]
                let killed = try await place.migrate(from, to, words + more + ["--rate", "400"]) { process in
                    while try await target.dbsize() < share, kill(process, 0) == 0 {
                        try await Task.sleep(for: .milliseconds(3))
                    }
                    kill(process, SIGKILL)
                }
                #expect(killed.json.isEmpty)
            }
            let refused = try await place.migrate(from, to, words)
            #expect(refused.exitCode == 2 && refused.said.contains("add --resume"), "\(refused.errors)")
            let resumed = try await place.migrate(from, to, words + ["--resume", "--pace", "full"])
            #expect(resumed.exitCode <= 1, "\(resumed.errors)")
            writer.cancel()
            let written = await writer.value
            place.expectWhole(try await place.elements(of: count, in: from, to), written)
            #expect(written.count > 10)
            try await place.expectNoNotes(from, to)
        }
    }

    @Test(arguments: SlotMove.ofServer, [true, false])
    func `while slots move under writes, no key is lost, doubled or left behind`(
        _ way: SlotMove, isInto: Bool
    ) async throws {
        try await ClusterPlace.with { place in
            let (from, to) = isInto ? ("alone", "main") : ("main", "alone")
            let count = 600
            try await place.writeLists(to: from, count)
            let writer = try place.writing(to: from, count)
            let isOver = Ending()
            async let moves = place.moveSlots(way) { isOver.isSet.withLock { $0 } }
            let words = ["--pattern", "t:*", "--on-conflict", "skip"]
            var migrated = try await place.migrate(from, to, words + ["--rate", "400"])
            if migrated.exitCode == 2 {
                #expect(migrated.said.contains("kept moving"), "\(migrated.errors)")
            }
            isOver.isSet.withLock { $0 = true }
            #expect(try await moves > 0)
            writer.cancel()
            let written = await writer.value
            // And when they rest.
            migrated = try await place.migrate(from, to, words + ["--resume"])
            #expect(migrated.exitCode <= 1, "\(migrated.errors)")
            let elements = try await place.elements(of: count, in: from, to)
            place.expectWhole(elements, written)
            // What stays in the source was written there behind its move.
            #expect(Int(try await place.database(from).dbsize()) == migrated["skipped"])
            try await place.expectNoNotes(from, to)
        }
    }

    @Test func `what cannot keep its promise is refused beforehand, with what to do`() async throws {
        try await ClusterPlace.with { place in
            try await place.writeLists(to: "main", 40)
            let node = "redis://\(place.cluster.addresses[0])"
            let part = try await place.migrate("alone", "main", ["--all", "--to-url", node])
            #expect(part.exitCode == 2 && part.said.contains("give the catalogue the cluster"), "\(part.errors)")
            guard ClusterPlace.hasDatabases else { return }
            let same = try await place.migrate("other", "kept", ["--all"])
            #expect(same.exitCode == 2 && same.said.contains("of the same cluster"), "\(same.errors)")
            // Whether slots are on their way is not known.
            let talk = try ServerConversation(with: place.cluster.primaries[0])
            _ = try talk.text("ACL SETUSER default -cluster|getslotmigrations")
            let denied = try await place.migrate("main", "other", ["--all"])
            #expect(denied.exitCode == 2 && denied.said.contains("getslotmigrations"), "\(denied.errors)")
            _ = try talk.text("ACL SETUSER default +cluster|getslotmigrations")
            let id = try ServerConversation(with: place.cluster.primaries[0]).text("CLUSTER MYID")
            _ = try ServerConversation(with: place.cluster.primaries[1]).text("CLUSTER SETSLOT 0 IMPORTING \(id)")
            let moving = try await place.migrate("main", "other", ["--all"])
            #expect(moving.exitCode == 2 && moving.said.contains("when its slots rest"), "\(moving.errors)")
            #expect(try await place.size(of: "main") == 40)
            #expect(try await place.size(of: "other") == 0)
        }
    }

    // MARK: Two runs

    private func mover(
        _ place: ClusterPlace, _ from: String, _ to: String, number: Int = 3, resumes: Bool = false
    ) async throws -> ClusterMover {
        let (source, target) = (try place.database(from), try place.database(to))
        var plan = MigrationPlan(
            from: DatabaseEntry(source.name, number: 0), to: DatabaseEntry(target.name, number: number))
        plan.conflicts = .skip
        plan.resumes = resumes
        return ClusterMover(
            plan, from: source, try await ServerFacts(of: source), to: target, try await ServerFacts(of: target))
    }

    @Test(arguments: [["alone", "main"], ["main", "alone"]])
    func `a run with several targets trusts the run before it for each of them`(_ way: [String]) async throws {
        try await ClusterPlace.with { place in
            let source = try place.database(way[0])
            func movers(resumes: Bool) async throws -> [ClusterMover] {
                var movers: [ClusterMover] = []
                for number in [3, 4] {
                    movers.append(try await mover(place, way[0], way[1], number: number, resumes: resumes))
                }
                return movers
            }
            var runs: Set<UInt64> = []
            // The second is killed as soon as it has the source.
            for resumes in [false, true] {
                let killed = try await movers(resumes: resumes)
                try await SourceClaim.take(killed.flatMap(\.claims), resuming: resumes, in: source, over: nil)
                #expect(killed[0].run.number == killed[1].run.number)
                runs.insert(killed[0].run.number)
            }
            let last = try await movers(resumes: true)
            try await SourceClaim.take(last.flatMap(\.claims), resuming: true, in: source, over: nil)
            #expect(runs.count == 2)
            for mover in last { #expect(mover.run.claim.trusted == runs) }
        }
    }

    @Test(arguments: [["alone", "main"], ["main", "alone"]])
    func `of an overtaken run no deletion commits, and its stale copies are taken back`(
        _ way: [String]
    ) async throws {
        try await ClusterPlace.with { place in
            let (source, target) = (try place.database(way[0]), try place.database(way[1]))
            for key in ["a", "b", "c"] { try await source.set(key, key) }
            let old = try await mover(place, way[0], way[1])
            var slice = MigrationSlice(["a", "b", "c"])
            let slots = Set(slice.keys.map { HashSlot(ofKey: $0) })
            try await old.start([], of: old.plan, in: source)
            try await old.claimSource(slots)
            try await old.claimTarget(slots)
            let copied = try await old.verify(
                try await old.copy(try await old.read([0, 1, 2], &slice), &slice), &slice)
            #expect(copied.count == 3)
            // One was written since, one was deleted there as the old run would, one copy is somebody's by now.
            try await source.set("a", "newer")
            let gone = try await old.delete([copied[1]], &slice)
            #expect(gone.isEmpty)
            try await target.set("c", "the application's")
            let new = try await mover(place, way[0], way[1], resumes: true)
            try await new.start([], of: new.plan, in: source)
            #expect(try await target.get("a") == nil)
            #expect(try await target.get("b") == "b")
            #expect(try await target.get("c") == "the application's")
            let lost = await #expect(throws: RedisError.self) { _ = try await old.delete([copied[2]], &slice) }
            #expect(lost?.message.contains("another migration") == true)
            await #expect(throws: RedisError.self) { try await old.takeBack(copied, &slice) }
            await #expect(throws: RedisError.self) { try await old.finish([]) }
            var rest = MigrationSlice(["a", "b", "c"])
            try await source.withConnection { connection in
                let lane = MigrationLane(number: 0, source: connection, target: connection)
                try await new.move(&rest, on: lane)
            }
            #expect(rest.outcomes[1] == .expired && rest.outcomes[2] == .conflict, "\(rest.outcomes)")
            try await new.finish([])
            #expect(try await target.get("a") == "newer")
            #expect(try await source.get("c") == "c")
            #expect(try await source.exists("a", "b") == 0)
            try await place.expectNoNotes(way[0], way[1])
        }
    }

    @Test func `where the source has lost its notes, only a copy of the very value is taken back`() async throws {
        try await ClusterPlace.with { place in
            let (source, target) = (try place.database("alone"), try place.database("main"))
            for key in ["a", "b"] { try await source.set(key, key) }
            let old = try await mover(place, "alone", "main")
            var slice = MigrationSlice(["a", "b"])
            let slots = Set(slice.keys.map { HashSlot(ofKey: $0) })
            try await old.start([], of: old.plan, in: source)
            try await old.claimSource(slots)
            try await old.claimTarget(slots)
            let copied = try await old.verify(
                try await old.copy(try await old.read([0, 1], &slice), &slice), &slice)
            #expect(try await old.delete([copied[0]], &slice).isEmpty)
            for slot in slots { try await source.del(old.notes.keys(of: slot)[0]) }
            try await source.set("a", "another")
            let new = try await mover(place, "alone", "main", resumes: true)
            try await new.start([], of: new.plan, in: source)
            #expect(try await target.get("a") == "a")
            #expect(try await target.get("b") == nil)
            try await new.finish([])
        }
    }

    @Test func `a run that ends removes no notes that another one has by any of their names`() async throws {
        try await withToolServer { _, databases in
            let database = try databases[.main]
            let (notes, chain): ([RESPBytes], RESPBytes) = (["notes", "process"], MigrationFence.chain)
            let one = SourceClaim(["run", "run:process"], isOrdered: true)
            try await SourceClaim.take([one], resuming: false, in: database, over: nil)
            try await database.run(SlotScript.claim(notes, one.run, "", isFull: false))
            // A later one that calls the server by another address.
            let two = SourceClaim(["other:run", "run:process"], isOrdered: true)
            await #expect(throws: RedisError.self) {
                try await SourceClaim.take([two], resuming: false, in: database, over: nil)
            }
            try await SourceClaim.take([two], resuming: true, in: database, over: nil)
            #expect(two.run > one.run)
            try await database.run(SlotScript.claim(["other", "process"], two.run, "", isFull: false))
            #expect(try await database.run(SlotScript.release(notes, one.run)).step() == 0)
            let lost = await #expect(throws: RedisError.self) {
                _ = try await database.run(SlotScript.end([chain] + one.names, owner: one.token)).step()
            }
            #expect(lost?.message.contains("another migration") == true)
            let all = notes + [chain, "other", "run", "other:run", "run:process"]
            #expect(try await database.exists(all) == all.count)
            try await database.del("notes")
            let missing = await #expect(throws: RedisError.self) {
                _ = try await database.run(SlotScript.forget([[1]], notes, one.run)).step()
            }
            #expect(missing?.message.contains("notes of this migration are gone") == true)
            #expect(try await database.run(SlotScript.release(["other", "process"], two.run)).step() == 1)
            #expect(try await database.run(SlotScript.end([chain] + two.names, owner: two.token)).step() == 1)
            // The other address is that of a migration which nobody has ended.
            #expect(try await database.names == ["run"])
        }
    }

    @Test func `a primary that was not asked before the first key ends a move`() async throws {
        try await ClusterPlace.with { place in
            let main = try place.database("main")
            var facts = try await ServerFacts(of: main)
            try await TargetWatch(main.name, facts).look(always: true, main)
            facts.primaries.removeLast()
            let watch = TargetWatch(main.name, facts)
            let error = await #expect(throws: RedisError.self) { try await watch.look(always: true, main) }
            #expect(error?.message.contains("has become a primary") == true)
            #expect(!watch.mayHaveLost)
        }
    }

    @Test func `only a server that does not know the question is taken for one without slots under way`() {
        let denied = RedisError(
            code: .noPermission, message: "User default has no permissions to run the 'cluster|nodes' command",
            stage: .answered)
        #expect(!denied.isUnknownSubcommand)
        for message in [
            "ERR unknown subcommand 'GETSLOTMIGRATIONS'. Try CLUSTER HELP.",
            "ERR Unknown subcommand or wrong number of arguments for 'GETSLOTMIGRATIONS'. Try CLUSTER HELP.",
        ] {
            let old = RedisError(code: .serverError, message: message, stage: .answered)
            #expect(old.isUnknownSubcommand)
        }
        let jobs: [(state: String, isOver: Bool)] = [
            ("success", true), ("failed", true), ("cancelled", true), ("snapshotting", false),
        ]
        for job in jobs {
            let entry: [String: RESPValue] = ["state": .bulkString(RESPBytes(job.state))]
            #expect(entry.isOverAsSlotMigration == job.isOver, "\(job.state)")
        }
        let unreadable: [String: RESPValue] = [:]
        #expect(!unreadable.isOverAsSlotMigration)
    }

    @Test func `a cluster is the same while one server is the same, and one that is still met is none`() {
        let nodes = """
            bb 127.0.0.1:7001@17001 myself,master - 0 0 1 connected 0-8191
            cc 127.0.0.1:7002@17002 master,fail - 0 0 2 disconnected 8192-16383
            aa 127.0.0.1:7003@17003 handshake - 0 0 0 disconnected

            """
        #expect(ClusterFacts.servers(inNodes: nodes) == ["bb", "cc"])
        func facts(_ servers: Set<String>) -> ServerFacts {
            var facts = ServerFacts()
            facts.cluster = ClusterFacts()
            facts.cluster?.servers = servers
            return facts
        }
        #expect(facts(["bb", "cc"]).isSameCluster(as: facts(["aa", "cc"])))
        #expect(!facts(["bb"]).isSameCluster(as: facts(["cc"])))
        #expect(!facts([]).isSameCluster(as: facts([])))
    }

    @Test func `every slot has a tag of its own`() {
        for number in 0..<HashSlot.count {
            let slot = HashSlot(number)
            #expect(HashSlot(ofKey: Array("x{\(SlotNotes.tag(of: slot!))}y".utf8)) == slot)
        }
    }
}
