import Bulkhead
import BulkheadTestSupport
import Testing

@testable import BulkheadTools

@Suite("What check counts by names") struct CheckTallyTests {
    private func prefixes(of key: String) -> [String] {
        var found: [String] = []
        PrefixReader().forEach(in: Array(key.utf8)) { _, prefix, _ in
            found.append(String(decoding: prefix, as: UTF8.self))
        }
        return found
    }

    @Test func `a prefix ends with a colon or a slash, and a key has two at most`() {
        #expect(prefixes(of: "chat:session:42:terminal") == ["chat:", "chat:session:"])
        #expect(prefixes(of: "llama_index/vector_1") == ["llama_index/"])
        #expect(prefixes(of: "a:/b") == ["a:", "a:/"])
        #expect(prefixes(of: "plain") == [])
        #expect(prefixes(of: "") == [])
        #expect(prefixes(of: String(repeating: "x", count: 500) + ":1") == [])
    }

    @Test func `prefixes that many keys have are found among a hundred thousand rare ones, in bounded memory`() {
        var sketch = PrefixSketch()
        let reader = PrefixReader()
        var random = SeededGenerator(seed: 5)
        var truth: [String: Int] = [:]
        for index in 0..<200_000 {
            let name = index.isMultiple(of: 2) ? "noise\(index):1" : "heavy\(random.below(20)):1"
            reader.forEach(in: Array(name.utf8)) { depth, prefix, hash in
                truth[String(decoding: prefix, as: UTF8.self), default: 0] += 1
                if depth == 0 { sketch.count(prefix, hash: hash) }
            }
        }
        #expect(sketch.entries.count <= PrefixSketch.most)
        let counts = Dictionary(
            uniqueKeysWithValues: sketch.entries.map { (String(decoding: $0.prefix, as: UTF8.self), $0) })
        for index in 0..<20 {
            let name = "heavy\(index):"
            let right = truth[name] ?? 0
            let count = counts[name]?.count ?? 0
            #expect(count <= right && count + sketch.shortBy >= right, "\(name): \(count) of \(right)")
        }
        // An even share of all keys for each place would be the worst there can be.
        #expect(sketch.shortBy <= 200_000 / (PrefixSketch.most / 2))
    }

    @Test func `where few prefixes are, counts are exact`() {
        var tally = DatabaseTally(Placement(of: DatabaseEntry(.main, number: 0), in: .standard))
        for index in 0..<5_000 { tally.walk(Array("user:\(index % 7):\(index)".utf8)) }
        let report = DatabaseReport(
            tally, of: DatabaseEntry(.main, number: 0), in: .standard, keys: 5_000, expiring: 0, isComplete: true,
            drewAll: false)
        #expect(report.prefixes.map(\.prefix.description) == ["user:", "user:0:", "user:1:", "user:2:"])
        #expect(report.prefixes.map(\.keys) == [5_000, 715, 715, 714])
        #expect(report.prefixes.allSatisfy { $0.keys == $0.keysAtMost })
    }

    @Test func `the largest keys are kept, each once`() {
        var biggest = BiggestKeys(most: 3)
        for size in [5, 9, 1, 7, 9, 3, 8] {
            Array("k\(size)".utf8).withUnsafeBytes { biggest.add($0, KeyLook(type: "string", bytes: size)) }
        }
        #expect(biggest.keys.map(\.bytes) == [9, 8, 7])
    }

    @Test func `a time left falls into one bucket`() {
        #expect(TimeLeft(.never) == .never)
        for (milliseconds, bucket) in [
            (-5, TimeLeft.withinMinute), (59_999, .withinMinute), (60_000, .withinHour), (86_400_000, .withinWeek),
            (30 * 86_400_000, .later), (.max, .later),
        ] {
            #expect(TimeLeft(.left(milliseconds: milliseconds)) == bucket)
        }
    }
}

@Suite("Which keys are misplaced") struct CheckPlacementTests {
    private func verdict(
        _ key: String, in name: DatabaseName, of catalogue: DatabaseCatalogue = .standard
    ) throws -> String {
        let placement = Placement(of: try catalogue[name], in: catalogue)
        switch Array(key.utf8).withUnsafeBytes({ placement.verdict(on: $0) }) {
        case .atHome: return "at home"
        case .nobodys: return "nobody's"
        case .misplaced(let claim): return placement.claims[claim].owner.text
        }
    }

    @Test func `a key belongs where the catalogue's patterns say, as wholes and not by parts of words`() throws {
        #expect(try verdict("session:1", in: .main) == "at home")
        #expect(try verdict("llama_index/vector_1", in: .main) == "knowledge")
        #expect(try verdict("session:1", in: .knowledge) == "main")
        // Upstream took these for sessions, prompts and facts by a part of a word.
        for key in ["my_chatroom_config", "chat_session_settings", "user:session:1", "artefact:1", "SESSION:1"] {
            #expect(try verdict(key, in: .main) == "nobody's")
        }
    }

    @Test func `a key that fits a pattern of its own database is at home, whatever others say`() throws {
        let catalogue = try DatabaseCatalogue([
            DatabaseEntry(.main, number: 0, keyPatterns: ["doc:cache:*"]),
            DatabaseEntry(.knowledge, number: 1, keyPatterns: ["doc:*"]),
            DatabaseEntry("archive", number: 2, keyPatterns: ["doc:old:*"]),
        ])
        #expect(try verdict("doc:cache:1", in: .main, of: catalogue) == "at home")
        #expect(try verdict("doc:1", in: .main, of: catalogue) == "knowledge")
        #expect(try verdict("doc:old:1", in: .main, of: catalogue) == "archive", "the pattern that says more")
    }

    @Test func `names of one number are one place`() throws {
        let catalogue = try DatabaseCatalogue([
            DatabaseEntry(.main, number: 0, keyPatterns: ["session:*"]),
            DatabaseEntry("cache", number: 0, keyPatterns: ["cache:*"], aliasOf: .main),
        ])
        #expect(try verdict("cache:1", in: .main, of: catalogue) == "at home")
        #expect(try verdict("session:1", in: "cache", of: catalogue) == "at home")
    }

    @Test func `a pattern that matches keys at home as well is reported`() throws {
        let catalogue = try DatabaseCatalogue([
            DatabaseEntry(.main, number: 0, keyPatterns: ["doc:cache:*"]),
            DatabaseEntry(.knowledge, number: 1, keyPatterns: ["doc:*"]),
        ])
        let entry = try catalogue[.main]
        var tally = DatabaseTally(Placement(of: entry, in: catalogue))
        for key in ["doc:1", "doc:2", "doc:cache:1"] { tally.walk(Array(key.utf8)) }
        let report = DatabaseReport(
            tally, of: entry, in: catalogue, keys: 3, expiring: 0, isComplete: true, drewAll: true)
        #expect(report.misplaced.map(\.keys) == [2])
        #expect(report.misplaced.map(\.atHome) == [1])
        let server = ServerReport(name: "", address: "", databases: [report])
        let finding = server.findings(nil, catalogue.entries, isWhole: false).first
        #expect(finding?.message.contains("make it narrower") == true)
    }

    @Test func `a pattern stands in the command as one word of a shell`() {
        #expect("names.json".quotedForShell == "names.json")
        #expect("".quotedForShell == "''")
        #expect("llama_index/*".quotedForShell == "'llama_index/*'")
        #expect("it's $(x)".quotedForShell == #"'it'\''s $(x)'"#)
    }
}

extension PrefixReader {
    func forEach(in key: [UInt8], _ body: (Int, UnsafeRawBufferPointer, UInt64) -> Void) {
        key.withUnsafeBytes { forEach(in: $0, body) }
    }
}

extension DatabaseTally {
    mutating func walk(_ key: [UInt8]) {
        key.withUnsafeBytes { walk($0) }
    }
}
