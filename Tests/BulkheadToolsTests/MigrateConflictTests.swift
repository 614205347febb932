import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

@Suite("bulkhead migrate: conflicts, and how to go on", .timeLimit(.minutes(10))) struct MigrateConflictTests {
    /// 1,000 keys, of which the target has ten.
    private func withConflicts(_ way: Way, _ body: (Sides) async throws -> Void) async throws {
        try await withSides(way) { sides in
            for index in 0..<1_000 { try await sides.source.set("t:\(index)", "new \(index)") }
            for index in 0..<10 {
                let name = way.name(of: Array("t:\(index * 100)".utf8))
                try await sides.target.set(name, "old")
            }
            try await body(sides)
        }
    }

    @Test(arguments: [Way.move, .rename, .copy, .across, .acrossCopy])
    func `fail stops there, says how to go on, and leaves both as they are`(way: Way) async throws {
        try await withConflicts(way) { sides in
            let migrated = try await sides.migrate()
            #expect(migrated.exitCode == 1)
            #expect(migrated.json["stopped"] as? String == "conflict")
            #expect(migrated["failed"] > 0 && migrated["failed"] <= 10)
            let goOn = try #require(migrated.json["go_on"] as? String)
            #expect(goOn.wholeMatch(of: /bulkhead migrate --url \S+ --from main --to knowledge .*/) != nil, "\(goOn)")
            #expect(goOn.hasSuffix("--resume"))
            #expect(migrated.errors.contains("--on-conflict skip or replace"), "\(migrated.errors)")
            for index in 0..<1_000 {
                let name = way.name(of: Array("t:\(index)".utf8))
                let values = [try await sides.source.get("t:\(index)"), try await sides.target.get(name)]
                #expect(values.contains("new \(index)"))
                if index.isMultiple(of: 100) { #expect(values == ["new \(index)", "old"]) }
            }
        }
    }

    @Test(arguments: [Way.move, .rename, .copy, .across, .acrossCopy])
    func `skip moves all the others`(way: Way) async throws {
        try await withConflicts(way) { sides in
            let migrated = try await sides.migrate(["--on-conflict", "skip"])
            #expect(migrated.exitCode == 1)
            #expect(migrated["found"] == 1_000)
            #expect(migrated["skipped"] == 10)
            #expect(migrated["moved"] == 990)
            #expect(try await sides.source.dbsize() == (way.copies ? 1_000 : 10))
            #expect(try await sides.target.get(way.name(of: Array("t:100".utf8))) == "old")
        }
    }

    @Test(arguments: [Way.move, .rename, .copy, .across, .acrossCopy])
    func `replace puts the source's in place of the target's`(way: Way) async throws {
        try await withConflicts(way) { sides in
            let migrated = try await sides.migrate(["--on-conflict", "replace"])
            #expect(migrated.exitCode == 0, "\(migrated.errors) \(migrated.json)")
            #expect(migrated["moved"] == 1_000)
            if !way.isAcross { #expect(migrated["replaced"] == 10) }
            #expect(try await sides.target.get(way.name(of: Array("t:100".utf8))) == "new 100")
        }
    }

    @Test(arguments: [Way.move, .rename, .across])
    func `a dry run counts conflicts and changes nothing`(way: Way) async throws {
        try await withConflicts(way) { sides in
            let migrated = try await sides.migrate(["--dry-run"])
            #expect(migrated.exitCode == 1)
            #expect(migrated["found"] == 1_000)
            #expect(migrated["moved"] == 990)
            #expect(migrated["failed"] == 10)
            #expect(try await sides.source.dbsize() == 1_000)
            #expect(try await sides.target.dbsize() == 10)
        }
    }

    @Test(.enabled(if: TestTier.hasTime), arguments: Way.allCases)
    func `a run that was asked to stop says what it did, and the next one finishes`(way: Way) async throws {
        try await withSides(way) { sides in
            for index in 0..<3_000 { try await sides.source.set("t:\(index)", "\(index)") }
            let words =
                ["migrate", "--from", "main", "--pattern", "t:*"] + sides.words
                + ["--rate", "1000", "--json", "-q", "--url", sides.server.url]
            let outcome = try await Bulkhead.run(words) { process in
                // At its rate the rest of the keys takes seconds.
                while try await sides.target.dbsize() < 100 { try await Task.sleep(for: .milliseconds(5)) }
                kill(process, SIGINT)
            }
            #expect(outcome.exitCode == 2)
            let json = try #require(try JSONSerialization.jsonObject(with: outcome.output) as? [String: Any])
            #expect(json["stopped"] as? String == "interrupted", "\(outcome.errors)")
            let moved = try #require(json["moved"] as? Int)
            #expect(moved > 0 && moved < 3_000)
            #expect(json["found"] as? Int == moved)
            #expect(try await sides.target.dbsize() == moved)
            let rest = try await sides.migrate(["--resume"])
            #expect(rest.exitCode == 0, "\(rest.errors) \(rest.json)")
            #expect(rest["moved"] == (way.copies ? 3_000 : 3_000 - moved))
            #expect(try await sides.target.dbsize() == 3_000)
            #expect(try await sides.source.dbsize() == (way.copies ? 3_000 : 0))
        }
    }

    @Test(arguments: [Way.copy, .acrossCopy])
    func `a copy that is taken up again copies what has changed only by the policy`(way: Way) async throws {
        try await withSides(way) { sides in
            for index in 0..<100 { try await sides.source.set("t:\(index)", "\(index)") }
            _ = try await sides.migrate()
            try await sides.source.set("t:7", "changed")
            let again = try await sides.migrate(["--resume", "--on-conflict", "skip"])
            #expect(again["moved"] == 99)
            #expect(again["skipped"] == 1)
            #expect(try await sides.target.get("t:7") == "7")
        }
    }
}
