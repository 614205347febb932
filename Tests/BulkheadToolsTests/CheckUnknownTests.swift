import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

/// A user who may not ask: what is not known is neither "never" nor 0.
@Suite("What check may not ask", .timeLimit(.minutes(10))) struct CheckUnknownTests {
    /// A hundred keys that all expire; ten are of the application `app`.
    private func withUser(
        _ rules: [String], _ body: (RedisTestServer, _ url: String) async throws -> Void
    ) async throws {
        try await withToolServer { server, databases in
            let main = try databases[.main]
            for index in 0..<100 {
                let name = index < 10 ? "app:\(index)" : "other:\(index)"
                try await main.send("SET", name, "value \(index)", "EX", 5_000)
            }
            let setUser: [any RedisArgument] = ["SETUSER", "reader", "on", ">secret"] + rules
            _ = try await main.run(.raw("ACL", setUser, as: RESPValue.self))
            try await body(server, server.url.replacingOccurrences(of: "unix://", with: "unix://reader:secret@"))
        }
    }

    @Test(arguments: [nil, 20]) func `keys that a user may not look at are not counted as others are`(
        sample: Int?
    ) async throws {
        try await withUser(["~app:*", "+@all"]) { server, url in
            let report = try await report(onURL: url, "main", sample: sample)
            let main = try report.database("main")
            #expect(main.isComplete && main.keys == 100 && main.walked == 100)
            #expect(main.hidden == Estimate(exact: 90))
            // INFO counts keys that expire whoever asks.
            #expect(main.expiring == Estimate(exact: 100) && main.expiringShare == 1)
            let times = main.timeCounts
            #expect((times["never"] ?? 0) == 0, "\(times)")
            #expect(times.values.reduce(0, +) <= 10)
            #expect(main.types.allSatisfy { $0.keys.high <= 40 }, "\(main.types)")
            #expect(main.sized == 10 && main.memoryText.hasPrefix("≥ "))
            #expect(!main.isBiggestCertain && main.biggest.count == 10)
            #expect(main.refusals.isEmpty, "\(main.refusals)")
            let finding = try #require(report.findings.first { $0.code == "hidden-keys" })
            #expect(finding.message.contains("may not look at 90 of 100 keys in main"))
            #expect(finding.message.contains("of the others alone"))
            #expect(report.text().contains(finding.message))
            #expect(CheckPage(report: report).text.contains("may not look at 90 of 100 keys in main"))
        }
    }

    @Test func `without PTTL no key is said to live for ever`() async throws {
        try await withUser(["~*", "+@all", "-pttl"]) { server, url in
            let report = try await report(onURL: url, "main")
            let main = try report.database("main")
            #expect(main.timesLeft.isEmpty && main.averageTimeLeft == nil)
            #expect(main.expiring == Estimate(exact: 100), "as INFO counts them")
            #expect(main.refusals.keys.sorted() == ["PTTL"])
            #expect(!report.text().contains("never"))
            #expect(main.memory?.isExact == true && main.typeCounts == ["string": 100])
        }
    }

    @Test func `without MEMORY USAGE no size is zero, and it is not asked a hundred times`() async throws {
        try await withUser(["~*", "+@all", "-memory"]) { server, url in
            let report = try await report(onURL: url, "main", sample: 10)
            let main = try report.database("main")
            #expect(main.memory == nil && main.memorySeen == nil && main.memoryText == "–" && main.biggest.isEmpty)
            #expect(main.types.allSatisfy { $0.memory == nil } && !main.types.isEmpty)
            #expect(main.hidden == nil)
            #expect(!report.findings.contains { $0.code == "memory-not-explained" })
        }
    }

    @Test func `without TYPE no type is made up`() async throws {
        try await withUser(["~*", "+@all", "-type", "-object"]) { server, url in
            let report = try await report(onURL: url, "main")
            let main = try report.database("main")
            #expect(main.types.isEmpty && main.encodings.isEmpty)
            #expect(main.timeCounts["< 1 day"] == 100 && main.memory?.isExact == true)
            #expect(main.biggest.allSatisfy { $0.type == nil })
        }
    }

    @Test func `without INFO it looks at keys all the same, and does not guess its cost`() async throws {
        try await withUser(["~*", "+@all", "-info"]) { server, url in
            let report = try await report(onURL: url, "main")
            let main = try report.database("main")
            #expect(main.keys == 100 && main.expiring == Estimate(exact: 100) && main.expiringShare == 1)
            #expect(main.memory?.isExact == true && main.isBiggestCertain)
            #expect(report.cost?.server == nil)
            #expect(report.text().contains("This user may not ask how long the server took for them."))
        }
    }
}
