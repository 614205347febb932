import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

/// The program is killed at each of its steps, and resumed.
@Suite(
    "bulkhead migrate: killed at each step", .serialized, .timeLimit(.minutes(10)), .enabled(if: TestTier.isWhole))
struct MigrateKilledTests {
    /// A catalogue whose `main` has keys of the others: `far` and `further` on a server, `wide` in a cluster.
    private struct Place {
        let gate: KillGate
        let source: RedisDatabase
        let targets: [(name: String, key: String, database: RedisDatabase)]
        let words: [String]

        var all: [RedisDatabase] { [source] + targets.map(\.database) }

        /// Empty servers, and in the source two keys of each target.
        func begin() async throws {
            for database in all {
                var names: [String] = []
                for try await name in database.scan(count: 1_000) { names.append(name) }
                for name in names { try await database.del(name) }
            }
            for target in targets {
                for number in 0..<2 { try await source.set("\(target.key):\(number)", "old") }
            }
        }

        /// Runs the program until it ends or the gate shuts; false if it was killed then.
        func run(_ more: [String] = [], until place: KillGate.Place?) async throws -> Migrated? {
            gate.open(until: place)
            let outcome = try await Bulkhead.run(["migrate", "--json", "-q"] + words + more) { process in
                while !gate.isShut, kill(process, 0) == 0 { try await Task.sleep(for: .milliseconds(1)) }
                if gate.isShut { kill(process, SIGKILL) }
            }
            if gate.isShut { return nil }
            let json = try? JSONSerialization.jsonObject(with: outcome.output) as? [String: Any]
            return Migrated(exitCode: outcome.exitCode, json: json ?? [:], errors: outcome.errors)
        }

        /// A key that was not there when the first run began.
        func add() async throws { try await source.set("\(targets[0].key):2", "old") }

        /// Writes to what is in the source yet; each name with the value that counts.
        func writeSince() async throws -> [String: String] {
            var values: [String: String] = [:]
            for target in targets {
                for name in try await target.database.names where !name.hasPrefix("bulkhead:") { values[name] = "old" }
            }
            for name in try await source.names where !name.hasPrefix("bulkhead:") {
                try await source.set(name, "newer")
                values[name] = "newer"
            }
            return values
        }

        /// All keys are where they belong, as they were written last, and nothing else is anywhere.
        func expectDone(_ values: [String: String], _ comment: String) async throws {
            #expect(values.count >= targets.count * 2)
            #expect(try await names(in: source) == [], "\(comment)")
            for target in targets {
                let names = try await names(in: target.database)
                #expect(names == values.keys.filter { $0.hasPrefix(target.key) }.sorted(), "\(target.name) \(comment)")
                for name in names {
                    #expect(try await target.database.get(name) == values[name], "\(name) \(comment)")
                }
            }
        }

        /// Without what a look at permissions has left, which expires by itself.
        private func names(in database: RedisDatabase) async throws -> [String] {
            var names: [String] = []
            for name in try await database.names {
                let isPassing = name.hasPrefix("bulkhead:") ? try await database.ttl(name).remaining != nil : false
                if !isPassing { names.append(name) }
            }
            return names
        }
    }

    enum Targets: String, CaseIterable, Sendable {
        case serverAndCluster, server, servers

        /// The names, each with the beginning of its keys.
        fileprivate var names: [(name: String, key: String)] {
            switch self {
            case .server: [("far", "doc")]
            case .servers: [("near", "note"), ("far", "doc"), ("further", "event")]
            case .serverAndCluster: [("far", "doc"), ("wide", "item")]
            }
        }

        var needsCluster: Bool { self == .serverAndCluster }
    }

    /// As JSON.
    private func catalogue(
        _ targets: Targets, main: String, far: String, _ cluster: RedisTestCluster?
    ) -> String {
        let nodes = (cluster?.addresses ?? []).map { "\"\($0)\"" }.joined(separator: ", ")
        let places = [
            "near": #""number": 6, "url": "unix://\#(main)""#, "far": #""number": 4, "url": "unix://\#(far)""#,
            "further": #""number": 5, "url": "unix://\#(far)""#, "wide": #""number": 0, "cluster": [\#(nodes)]"#,
        ]
        let entries =
            [#"{"name": "main", "number": 0, "url": "unix://\#(main)"}"#]
            + targets.names.map { name, key in
                #"{"name": "\#(name)", "key_patterns": ["\#(key):*"], \#(places[name] ?? "")}"#
            }
        return "{\"databases\": [\(entries.joined(separator: ",\n"))]}"
    }

    private func with(_ targets: Targets, _ body: (Place) async throws -> Void) async throws {
        let cluster = targets.needsCluster ? try RedisTestCluster.start() : nil
        defer { cluster?.stop() }
        try await withToolServer { server, _ in
            try await withToolServer { other, _ in
                let gate = KillGate()
                let (near, far) = (gate.proxy(to: server.socketPath, "source"), gate.proxy(to: other.socketPath, "far"))
                defer { for proxy in [near, far] { proxy.stop() } }
                let path = server.folder + "/names.json"
                let proxied = catalogue(targets, main: near.path, far: far.path, cluster)
                try Data(proxied.utf8).write(to: URL(fileURLWithPath: path))
                // The test's own connections do not lead through the gate.
                let direct = catalogue(targets, main: server.socketPath, far: other.socketPath, cluster)
                let databases = RedisDatabases(
                    RedisConfiguration(), catalogue: try DatabaseCatalogue(json: Array(direct.utf8)))
                let isOne = targets.names.count == 1
                let place = Place(
                    gate: gate, source: try databases[.main],
                    targets: try targets.names.map { ($0.name, $0.key, try databases[DatabaseName($0.name)]) },
                    words: ["--from", "main", "--catalogue", path]
                        + (isOne ? ["--to", targets.names[0].name, "--all"] : ["--misplaced", "--yes"]))
                try await ending(by: { await databases.close() }) { try await body(place) }
            }
        }
    }

    /// - Parameter isSecond: the run that is killed resumes one that was killed between a copy and a deletion.
    @Test(arguments: [Targets.server, .servers], [false, true])
    func `whatever a kill leaves, resuming it ends with each key in one place and nothing of its own`(
        _ targets: Targets, isSecond: Bool
    ) async throws {
        try await with(targets) { place in
            var isOver = false
            var step = 0
            while !isOver {
                // What is sent to a cluster does not pass the gate, and so is no step.
                let ends = [.before(step)] + (targets.needsCluster ? [KillGate.Place.behind(step)] : [])
                for end in ends where !isOver {
                    try await place.begin()
                    if isSecond {
                        let deleted = KillGate.Place.deleting("\(place.targets.last?.key ?? ""):1", at: "source")
                        #expect(try await place.run(until: deleted) == nil)
                        try await place.add()
                    }
                    let ended = try await place.run(isSecond ? ["--resume"] : [], until: end)
                    isOver = ended != nil
                    #expect(ended?.exitCode ?? 0 == 0, "\(end): \(ended?.errors ?? "")")
                    place.gate.open(until: nil)
                    let values = try await place.writeSince()
                    let resumed = try #require(try await place.run(["--resume"], until: nil))
                    #expect(resumed.exitCode == 0, "killed \(end): \(resumed.errors) \(resumed.json)")
                    try await place.expectDone(values, "killed \(end)")
                }
                step += 1
            }
            #expect(step > 5)
        }
    }
}
