import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

/// Memory has heavy tails: one key may take more than all others, and a sample of keys does not see it.
@Suite("What check says of memory", .timeLimit(.minutes(10))) struct CheckMemoryTests {
    /// How the sizes of keys are spread.
    private enum Shape: Int, CaseIterable {
        case even, twoKinds, oneGiant, pareto, rareType

        func size(of key: Int, _ random: inout SeededGenerator) -> Int {
            let fraction = (Double(random.below(1_000_000)) + 1) / 1_000_000
            return switch self {
            case .even: 50 + random.below(200)
            case .twoKinds: random.below(100) == 0 ? 20_000 + random.below(10_000) : 80
            case .oneGiant: key == 1_234 ? 8 << 20 : 56 + random.below(64)
            // With an exponent of 1.1 the mean hardly exists.
            case .pareto: Int(60 * exp(-log(fraction) / 1.1))
            case .rareType: type(of: key) == "zset" ? 200_000 : 90
            }
        }

        func type(of key: Int) -> String {
            switch self {
            case .rareType: key.isMultiple(of: 1_000) ? "zset" : "string"
            default: ["string", "string", "string", "hash", "list"][key % 5]
            }
        }
    }

    private static let keys = 4_000

    /// One data set, walked by value as a walk does it, to its end or as far as `walked`.
    private func walk(_ shape: Shape, seed: UInt64, walked: Int = keys) -> (DatabaseReport, truth: [String: Int]) {
        var random = SeededGenerator(seed: seed)
        var truth: [String: Int] = [:]
        let entry = DatabaseEntry(.main, number: 0)
        var looks = KeySampler(share: 0.05, seed: seed)
        var tally = DatabaseTally(Placement(of: entry, in: .standard), sizeUnit: 4_096)
        var sizes = SizeSampler(unit: 4_096, seed: seed &+ 1)
        for key in 0..<Self.keys {
            let (size, type) = (shape.size(of: key, &random), shape.type(of: key))
            truth[type, default: 0] += size
            guard key < walked else { continue }
            withUnsafeBytes(of: key) { name in
                tally.walk(name)
                let look = KeyLook(type: type, encoding: "e", time: .never, bytes: size)
                if looks.draws() {
                    tally.add(.known(look), of: name)
                } else {
                    tally.add(size: .known(look), of: name)
                }
                if sizes.draws(size) { tally.addDrawn(size, ofType: type) }
            }
        }
        let report = DatabaseReport(
            tally, of: entry, in: .standard, keys: Self.keys, expiring: 0,
            memoryLimit: truth.values.reduce(0, +) + 1_000_000, isComplete: walked == Self.keys, drewAll: false)
        return (report, truth)
    }

    @Test(.enabled(if: TestTier.isWhole))
    func `in 200 data sets with heavy tails its intervals hold the truth, and the largest key is found`() throws {
        var covered = 0
        var all = 0
        for seed in 0..<200 {
            let shape = try #require(Shape(rawValue: seed % Shape.allCases.count))
            let (report, truth) = walk(shape, seed: UInt64(seed))
            #expect(report.memory == Estimate(exact: truth.values.reduce(0, +)), "all of it is known")
            #expect(report.isBiggestCertain)
            if shape == .oneGiant { #expect(report.biggest.first?.bytes == 8 << 20) }
            for (type, bytes) in truth {
                all += 1
                let memory = report.types.first { $0.type == type }?.memory
                // A type too rare for both samples is not named; then its interval is none.
                if let memory, (memory.low...memory.high).contains(bytes) { covered += 1 }
                #expect((memory?.high ?? 0) <= report.memory?.value ?? 0, "a part is no more than the whole")
            }
        }
        #expect(all >= 500)
        #expect(Double(covered) >= 0.93 * Double(all), "\(covered) of \(all)")
    }

    @Test func `of a part of the keys it says no more than that part and the server do`() throws {
        for seed in 0..<50 {
            let shape = try #require(Shape(rawValue: seed % Shape.allCases.count))
            let (report, truth) = walk(shape, seed: UInt64(seed), walked: 1_000)
            let memory = try #require(report.memory)
            let all = truth.values.reduce(0, +)
            #expect((memory.low...memory.high).contains(all), "\(shape): \(memory) without \(all)")
            #expect(memory.low == report.memorySeen && memory.high <= all + 1_000_000)
            #expect(!report.isBiggestCertain && report.types.allSatisfy { $0.memory == nil })
            #expect(report.memoryText.hasPrefix("≥ "))
        }
    }

    @Test func `keys are drawn by size: large ones always, small ones as their size is of the unit`() {
        var sampler = SizeSampler(unit: 1_000, seed: 3)
        #expect((0..<1_000).allSatisfy { _ in sampler.draws(1_000) })
        #expect((0..<1_000).allSatisfy { _ in !sampler.draws(0) })
        let drawn = (0..<20_000).count { _ in sampler.draws(250) }
        #expect((4_700...5_300).contains(drawn), "\(drawn)")
    }

    @Test(.enabled(if: TestTier.isWhole))
    func `one giant among thirty thousand is found by a sample of five hundred`() async throws {
        try await withToolServer { server, databases in
            let main = try databases[.main]
            try await main.send("EVAL", "for i = 1, 30000 do redis.call('SET', 'session:' .. i, i) end", 0)
            try await main.send("HSET", "doc:giant", "text", String(repeating: "g", count: 8_000_000))
            let truth = try await report(on: server, "main", sample: nil).database("main")
            let sampled = try await report(on: server, "main", sample: 500)
            let found = try sampled.database("main")
            #expect(found.looked < 1_000)
            #expect(found.memory == truth.memory && found.memory?.isExact == true)
            #expect(found.isBiggestCertain)
            #expect(found.biggest.first?.key.description == "doc:giant")
            #expect(found.biggest.allSatisfy { $0.type != nil }, "asked what they are, sample or not")
            #expect(found.biggest.map(\.bytes) == truth.biggest.map(\.bytes))
            let hash = try #require(found.types.first { $0.type == "hash" })
            #expect(hash.keys.value >= 1)
            #expect(hash.memory.map { $0.low >= 8_000_000 } == true)
            let prefix = try #require(found.prefixes.first { $0.prefix.description.hasPrefix("doc:") })
            #expect(prefix.memory.map { $0 >= 8_000_000 } == true)
            #expect(sampled.text().contains("Every key was asked for its size"))
        }
    }
}

@Suite("What check says of its cost", .timeLimit(.minutes(10))) struct CheckCostTests {
    private func times(_ lines: String...) -> CommandTimes? {
        CommandTimes(lines.joined(separator: "\r\n"))
    }

    @Test func `the server's own time is what its counters grew by`() throws {
        let start = try #require(times("# Commandstats", "cmdstat_scan:calls=10,usec=100,usec_per_call=10.00"))
        let end = try #require(
            times(
                "cmdstat_scan:calls=30,usec=2100,usec_per_call=70.00,rejected_calls=0,failed_calls=0",
                "cmdstat_memory|usage:calls=4,usec=500"))
        let own = try #require(end.time(of: ["SCAN": 20, "MEMORY USAGE": 4, "TYPE": 0], since: start))
        #expect(own.milliseconds == 2.5 && !own.isShared)
        let shared = try #require(end.time(of: ["SCAN": 5, "MEMORY USAGE": 4], since: start))
        #expect(shared.milliseconds == 1 && shared.isShared)
    }

    @Test func `counters that began anew, or that nobody may read, tell nothing`() throws {
        let start = try #require(times("cmdstat_scan:calls=10,usec=100"))
        #expect(try #require(times("cmdstat_scan:calls=12,usec=5")).time(of: ["SCAN": 12], since: start) == nil)
        #expect(start.time(of: ["TYPE": 3], since: start) == nil)
        let (least, most) = ("-9223372036854775808", "9223372036854775807")
        let strange = try #require(times("cmdstat_scan:calls=\(least),usec=\(least)"))
        let end = try #require(times("cmdstat_scan:calls=\(most),usec=\(most)"))
        #expect(end.time(of: ["SCAN": 1], since: strange)?.isShared == true)
        #expect(strange.time(of: ["SCAN": 1], since: end) == nil)
        #expect(times("") == nil)
    }

    @Test func `it tells what the server took by its own count, and what was measured from here`() async throws {
        try await withToolServer { server, databases in
            try await fillForCheck(databases)
            // No machine is as slow as that.
            try await databases[.main].send("CONFIG", "SET", "slowlog-log-slower-than", "100000000")
            let report = try await BulkheadToolsTests.report(on: server)
            let cost = try #require(report.cost)
            #expect(cost.server.map { $0 > 0 && $0 < cost.elapsed } == true)
            #expect(!cost.isServerShared)
            #expect(cost.slowFrom == 100_000 && cost.longestCommand == nil)
            let text = report.text()
            #expect(text.contains("By its own count (INFO commandstats) the server took"))
            #expect(text.contains("for replies, network and the server's queue included, up to"))
            #expect(text.contains("None of them took the 100 s from which it keeps a SLOWLOG."))
            #expect(!text.contains("at most"))
            try await databases[.main].send("CONFIG", "SET", "slowlog-log-slower-than", "0")
            let slow = try await BulkheadToolsTests.report(on: server)
            #expect(slow.cost?.slowFrom == 0 && slow.cost?.longestCommand.map { $0 > 0 } == true)
            #expect(slow.text().contains("The longest of them in its SLOWLOG took"))
        }
    }
}
