import Bulkhead
import BulkheadBenchmarkSupport
import BulkheadTestServer

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The whole run: a server, its vectors, recall, and the rounds.
struct VectorSpeed {
    private static let neighbours = 10
    private static let place = RedisVectorPlace.field("vector")
    private static let pattern = "llama_index/*"

    private let settings: VectorSettings

    init(_ settings: VectorSettings) { self.settings = settings }

    func run() async throws -> String {
        // The script pins this program.
        let core = CPUPinning.firstOtherCore
        let server = try RedisTestServer.start(
            RedisTestServer.Options(
                binary: settings.server.isEmpty ? nil : settings.server, listening: .tcp,
                launchPrefix: CPUPinning.words(for: core), startTimeout: .seconds(60)))
        defer { server.stop() }
        var configuration = try RedisConfiguration(url: server.url)
        configuration.commandTimeout = .seconds(300)
        let databases = RedisDatabases(configuration)
        let knowledge = try databases[.knowledge]
        var content = VectorContent(settings)
        let vectors = content.vectors
        try await fill(knowledge, vectors)
        let queries = content.queries()
        var text = try await recall(knowledge, vectors, queries)
        text += try await speed(knowledge, try databases.blocking(.knowledge), queries, server)
        text += VectorLoops.report(dimension: settings.dimension)
        text +=
            "\(Units.grouped(settings.vectors)) vectors of \(settings.dimension) numbers, the \(Self.neighbours) "
            + "nearest by cosine. \(server.flavour) \(server.version) "
            + (core == nil ? "not pinned" : "on one core, the clients on another") + ".\n"
        await databases.close()
        return text
    }

    private func fill(_ knowledge: RedisDatabase, _ vectors: [[Float]]) async throws {
        for start in stride(from: 0, to: vectors.count, by: 500) {
            let range = start..<min(start + 500, vectors.count)
            let hashes = range.map {
                RedisCommand<Int>.hset(Self.key($0), ["vector": vectors[$0], "doc_id": "doc:\($0)"])
            }
            for result in try await knowledge.pipeline(hashes) { _ = try result.get() }
            for (set, quantization) in Self.sets {
                let elements = range.map {
                    RedisCommand<Bool>.vadd(set, Self.key($0), vectors[$0], quantization: quantization)
                }
                for result in try await knowledge.pipeline(elements) { _ = try result.get() }
            }
        }
    }

    private static let sets: [(String, RedisQuantization)] = [
        ("set:8bit", .eightBits), ("set:full", .unquantized),
    ]

    private static func key(_ index: Int) -> String { "llama_index/vector_\(index)" }

    /// The share of the truly nearest that each way finds. True is what 64 bits say, number by number.
    private func recall(
        _ knowledge: RedisDatabase, _ vectors: [[Float]], _ queries: [[Float]]
    ) async throws -> String {
        var found: [String: Int] = [:]
        let names = ["nearest(…)"] + Self.sets.map { "VSIM \($0.0)" }
        for query in queries {
            let truth = Set(
                VectorLoops.nearest(Self.neighbours, to: query, of: vectors).map { Self.key($0) })
            let exact = try await knowledge.nearest(
                Self.neighbours, to: query, in: Self.place, match: Self.pattern)
            found[names[0], default: 0] += truth.intersection(exact.neighbours.map(\.key)).count
            for (set, _) in Self.sets {
                let near = try await knowledge.vsim(set, near: query, count: Self.neighbours)
                found["VSIM \(set)", default: 0] += truth.intersection(near.map(\.member)).count
            }
        }
        var table = Table(columns: [.text("recall"), .number("of the 10 nearest")])
        let all = Double(queries.count * Self.neighbours)
        for name in names {
            table.append([name, Units.decimal(Double(found[name] ?? 0) / all, places: 3)])
        }
        return table.text() + "Of \(queries.count) searches.\n\n"
    }

    private func speed(
        _ knowledge: RedisDatabase, _ blocking: BlockingRedisDatabase, _ queries: [[Float]],
        _ server: RedisTestServer
    ) async throws -> String {
        var names = [
            "nearest(…), full pace", "nearest(…), blocking, full", "nearest(…), considerate",
            "VSIM, 8 bits",
        ]
        if !settings.python.isEmpty { names.insert("redis-py and numpy", at: 0) }
        var seconds: [String: [Double]] = [:]
        for round in 0...settings.rounds {
            let query = queries[round % queries.count]
            for name in round.isMultiple(of: 2) ? names : names.reversed() {
                let start = ContinuousClock.now
                var took: Double?
                switch name {
                case "redis-py and numpy": took = try python(query, server)
                case "nearest(…), full pace": try await search(knowledge, query, .full)
                case "nearest(…), considerate": try await search(knowledge, query, .considerate)
                case "VSIM, 8 bits":
                    _ = try await knowledge.vsim("set:8bit", near: query, count: Self.neighbours)
                default:
                    let found = try blocking.nearest(
                        Self.neighbours, to: query, in: Self.place, match: Self.pattern, pace: .full)
                    try check(found)
                }
                // The first round is not counted.
                if round > 0 {
                    seconds[name, default: []].append(took ?? (ContinuousClock.now - start) / .seconds(1))
                }
            }
        }
        var table = Table(columns: [
            .text("ten nearest"), .number("milliseconds"), .number("times as fast"),
        ])
        for name in names {
            guard let times = seconds[name], let usual = seconds[names[0]],
                let spread = Spread(times), let ratio = Spread(zip(usual, times).map { $0 / $1 })
            else { continue }
            table.append([
                name, spread.text { Units.decimal($0 * 1_000, places: $0 < 0.01 ? 2 : 0) },
                ratio.text { Units.decimal($0, places: 1) },
            ])
        }
        return table.text() + "Medians of \(settings.rounds) rounds (least–most), in turns.\n\n"
    }

    private func search(_ knowledge: RedisDatabase, _ query: [Float], _ pace: RedisPace) async throws {
        try check(
            await knowledge.nearest(
                Self.neighbours, to: query, in: Self.place, match: Self.pattern, pace: pace))
    }

    private func check(_ found: RedisNearest<String>) throws {
        guard found.neighbours.count == Self.neighbours, found.compared == settings.vectors else {
            throw ProgramError("a search compared \(found.compared) vectors of \(settings.vectors)")
        }
    }

    /// What the same scan takes in Python, by its own clock: not its start.
    private func python(_ query: [Float], _ server: RedisTestServer) throws -> Double {
        let words = query.map { "\($0)" }.joined(separator: ",")
        let child = try ChildProgram.run(
            [settings.python, settings.script, server.url, Self.pattern, "\(Self.neighbours)", words])
        let answer = try JSONDecoder().decode(PythonAnswer.self, from: Data(child.output.utf8))
        guard answer.compared == settings.vectors else {
            throw ProgramError("redis-py compared \(answer.compared)")
        }
        return answer.seconds
    }

    private struct PythonAnswer: Decodable {
        let seconds: Double
        let compared: Int
    }
}
