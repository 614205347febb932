import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Synchronization
import Testing

@testable import BulkheadTools

/// The hazards of scripts that look at a keyspace: the first page taken for a sample, walks in tiny pages, KEYS,
/// strict UTF-8, and numbers from somewhere else.
@Suite("How check walks", .timeLimit(.minutes(10))) struct CheckWalkTests {
    private static let count = 100_000

    /// Nine in ten are small strings, one in ten is a hash; a fifth expires.
    private func fill(_ main: RedisDatabase) async throws {
        for start in stride(from: 0, to: Self.count, by: 10_000) {
            let commands = (start..<start + 10_000).map { index -> RedisCommand<RESPValue> in
                if index.isMultiple(of: 10) {
                    return .raw("HSET", ["fact:\(index)", "text", String(repeating: "x", count: index % 997)])
                }
                let expiry: [any RedisArgument] = index % 5 == 1 ? ["EX", 1_000 + index % 9_000] : []
                return .raw("SET", ["session:\(index)", "v\(index)"] + expiry)
            }
            for result in try await main.pipeline(commands) { _ = try result.get() }
        }
    }

    @Test(.enabled(if: TestTier.isWhole))
    func `of a hundred thousand keys all are walked, a sample is looked at, and its intervals hold the truth`()
        async throws
    {
        try await withToolServer { server, databases in
            let main = try databases[.main]
            try await fill(main)
            let whole = try await report(on: server, "main", sample: nil)
            let exact = try whole.database("main")
            #expect(exact.isExact && exact.looked == Self.count)
            #expect(exact.typeCounts == ["string": 90_000, "hash": 10_000])

            let sampled = try await report(on: server, "main", sample: 5_000).database("main")
            #expect(sampled.walked == Self.count)
            #expect((4_500...5_500).contains(sampled.looked), "\(sampled.looked)")
            #expect(sampled.prefixes.map(\.keys) == [90_000, 10_000], "names are all counted")
            #expect(sampled.expiring == Estimate(exact: 20_000), "the server counts them")
            #expect(sampled.memory == exact.memory, "every key is asked for its size")
            #expect(sampled.biggest.map(\.bytes) == exact.biggest.map(\.bytes))
            // Intervals of 95 %: one in seven runs has one that is wrong. Three times as wide, one in millions has.
            func holds(_ estimate: Estimate?, _ truth: Estimate?) -> Bool {
                guard let estimate, let truth else { return false }
                return 2 * abs(estimate.value - truth.value) <= 3 * (estimate.high - estimate.low) && !estimate.isExact
            }
            for type in exact.types {
                let found = try #require(sampled.types.first { $0.type == type.type })
                #expect(holds(found.keys, type.keys), "\(found)")
                #expect(holds(found.memory, type.memory), "\(found)")
            }
            #expect(holds(sampled.averageTimeLeft, exact.averageTimeLeft), "some seconds later it is some seconds less")
        }
    }

    @Test(.enabled(if: TestTier.isWhole))
    func `a sample comes from all over the keyspace, not from its first page`() async throws {
        try await withToolServer { server, databases in
            let main = try databases[.main]
            try await fill(main)
            var walk = DatabaseWalk(
                Placement(of: DatabaseEntry(.main, number: 0), in: .standard), sampler: KeySampler(share: 0.02),
                sizes: SizeSampler(unit: 1 << 20), pace: .full)
            await walk.run(on: main, isStopped: { false }, progress: { _ in })
            #expect(walk.end == .complete)
            // The first page has 200 of them at most.
            #expect((1_500...2_500).contains(walk.tally.looked), "\(walk.tally.looked)")
            #expect(walk.tally.sizes.keys == Self.count, "the size is asked of all")
            // What waits is bounded, whatever a page brings: two of them may be on their way.
            #expect(walk.longestQueue <= DatabaseWalk.mostWaiting + 2 * WalkStep.mostCost)
        }
    }

    @Test(.enabled(if: TestTier.isWhole))
    func `neither KEYS nor a page of three nor a value is ever asked for, and no key is touched`() async throws {
        try await withToolServer { server, databases in
            let main = try databases[.main]
            try await fill(main)
            try await main.send("SET", "untouched", "v")
            try await Task.sleep(for: .milliseconds(2_100))
            try await main.send("CONFIG", "RESETSTAT")
            let report = try await report(on: server, "main", sample: nil)
            let stats = try await main.run(.info("commandstats")).text
            func calls(_ name: String) -> Int {
                let lines = stats.split(whereSeparator: \.isNewline)
                guard let line = lines.first(where: { $0.hasPrefix("cmdstat_\(name):") }),
                    let number = line.split(whereSeparator: { "=,".contains($0) }).dropFirst().first
                else { return 0 }
                return Int(number) ?? -1
            }
            for name in ["keys", "get", "hgetall", "dump", "randomkey"] { #expect(calls(name) == 0, "\(name)") }
            let scans = calls("scan")
            #expect(scans > 0 && scans < Self.count / 5, "\(scans) pages")
            #expect(report.cost?.scans == scans, "what it cost is what it says")
            #expect(calls("type") == Self.count + 1)
            #expect(try await main.send("OBJECT", "IDLETIME", "untouched", as: Int.self) >= 2)
        }
    }

    @Test func `stopped in the middle, it reports what it has, and what it stands for`() async throws {
        try await withToolServer { server, databases in
            try await fill(try databases[.main])
            let steps = Atomic<Int>(0)
            let partial = try await report(on: server, sample: 5_000) {
                steps.add(1, ordering: .relaxed).newValue > 30
            }
            #expect(!partial.isComplete)
            let main = try partial.database("main")
            #expect(main.walked > 0 && main.walked < Self.count && main.keys == Self.count)
            #expect(main.failure == nil)
            #expect(main.types.reduce(0) { $0 + $1.keys.value } > 90_000, "estimates are of the whole database")
            #expect(partial.text().contains("keys were walked:"))
            #expect(CheckPage(report: partial).text.contains("This report is partial."))
        }
    }

    @Test func `Ctrl-C ends it with a partial report and exit code 2`() async throws {
        try await withToolServer { server, databases in
            try await fill(try databases[.main])
            let main = try databases[.main]
            try await main.send("CONFIG", "RESETSTAT")
            let words = ["check", "main", "--exact", "--pace", "gentle", "--json", "--url", server.url]
            let outcome = try await Bulkhead.run(words) { process in
                // It walks, and has most of its way before it.
                while try await main.info("commandstats")["cmdstat_scan"] == nil {
                    try await Task.sleep(for: .milliseconds(5))
                }
                kill(process, SIGINT)
            }
            #expect(outcome.exitCode == 2)
            let json = try #require(try JSONSerialization.jsonObject(with: outcome.output) as? [String: Any])
            #expect(json["complete"] as? Bool == false)
            #expect(outcome.errors.contains("the report is incomplete"))
        }
    }

    @Test func `a server that goes away leaves a report of what was found, and says why it ends`() async throws {
        try await withToolServer { server, databases in
            try await fill(try databases[.main])
            let steps = Atomic<Int>(0)
            let partial = try await report(on: server, "main", sample: nil) {
                if steps.add(1, ordering: .relaxed).newValue == 20 { server.stop() }
                return false
            }
            let main = try partial.database("main")
            #expect(!main.isComplete)
            #expect(main.failure != nil)
            #expect(main.walked > 0)
            #expect(partial.findings.contains { $0.code == "not-walked" && $0.severity == .error })
        }
    }

    @Test func `keys that go while they are looked at are counted as gone`() async throws {
        try await withToolServer { server, databases in
            let main = try databases[.main]
            for result in try await main.pipeline((0..<2_000).map { .raw("SET", ["session:\($0)", "v"]) }) {
                _ = try result.get()
            }
            let steps = Atomic<Int>(0)
            let url = server.url
            let report = try await report(on: server, "main", sample: nil) {
                if steps.add(1, ordering: .relaxed).newValue == 8 {
                    let other = try? RedisDatabases(url: url)
                    _ = try? other?.blocking(.main).flushdb(.synchronous)
                    other?.closeBlocking()
                }
                return false
            }
            let main2 = try report.database("main")
            #expect(main2.isComplete && main2.gone > 0)
            #expect(main2.looked + main2.gone == main2.walked)
        }
    }
}
