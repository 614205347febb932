import BenchmarkSupport
import Bulkhead

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Measures GETs of `main` while a large reply is read by a bare socket, in `knowledge`, and in `main` itself: one
/// program, one server.
struct LargeReply {
    private let settings: IsolationSettings
    private let interruption: Interruption
    private let date = Date().formatted(.iso8601)

    private static let key = "large"

    init(_ settings: IsolationSettings, _ interruption: Interruption) {
        self.settings = settings
        self.interruption = interruption
    }

    /// When it returns or throws, the server is gone.
    func run() throws -> LargeReplyReport {
        let servers = try Servers(settings)
        defer { servers.stop() }
        let databases = RedisDatabases(servers.first)
        defer { databases.closeBlocking() }
        let content = IsolationContent(prefix: "", seed: UInt64(settings.seed))
        try load(databases, content)
        let probe = LatencyProbe(database: try databases[.main], content: content, settings: settings)
        var rounds: [[LargeReplyPlace: ProbeMeasurement]] = []
        var progress = ProgressLine(
            "isolation", steps: settings.rounds * LargeReplyPlace.allCases.count,
            onTerminal: Terminal.errorIsTerminal, now: MonotonicClock.now())
        defer { Terminal.writeError(progress.end()) }
        for round in 0..<settings.rounds {
            var seen: [LargeReplyPlace: ProbeMeasurement] = [:]
            for place in LargeReplyPlace.allCases {
                let done = round * LargeReplyPlace.allCases.count + seen.count
                Terminal.writeError(progress.update(done: done, place.rawValue, now: MonotonicClock.now()))
                let reader = try reader(place, databases, servers)
                let result = Result { try probe.run(round: round, beside: { reader?.replies ?? 0 }, interruption) }
                try reader?.stop()
                seen[place] = try result.get()
            }
            rounds.append(seen)
        }
        guard
            let report = LargeReplyReport(
                date: date, machine: .current(), server: try servers.identities()[0], settings: settings,
                rounds: rounds)
        else { throw IsolationError("too few GETs were answered to report on: read the server's log") }
        return report
    }

    private func reader(
        _ place: LargeReplyPlace, _ databases: RedisDatabases, _ servers: Servers
    ) throws -> LargeReplyReader? {
        let list = LargeReplyReader.List(key: Self.key, elements: settings.largeReply)
        switch place {
        case .idle: return nil
        case .knowledge: return LargeReplyReader(list, in: try databases[.knowledge])
        case .main: return LargeReplyReader(list, in: try databases[.main])
        case .bareSocket:
            let number = try databases.catalogue[.knowledge].number
            return try LargeReplyReader(
                list, by: try BareSocket(host: "127.0.0.1", port: servers.port ?? 0, database: number))
        }
    }

    /// The cache, and a list of elements of a MiB in both databases.
    private func load(_ databases: RedisDatabases, _ content: IsolationContent) throws {
        let main = try databases.blocking(.main)
        for start in stride(from: 0, to: settings.keys, by: 1_000) {
            let commands = (start..<min(start + 1_000, settings.keys)).map { index in
                RedisCommand<Bool>.set(content.cacheKey(index), content.cacheValue(index, size: settings.valueSize))
            }
            for result in try main.pipeline(commands) { _ = try result.get() }
        }
        let element = [UInt8](repeating: UInt8(ascii: "x"), count: LargeReplyReader.elementSize)
        for name in [DatabaseName.main, .knowledge] {
            for _ in 0..<settings.largeReply { try databases.blocking(name).rpush(Self.key, element) }
        }
    }
}

extension LargeReplyReport {
    /// The report as one JSON object on a line, with its members in order of their names.
    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }
}
