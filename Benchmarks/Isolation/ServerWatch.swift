import Bulkhead
import BulkheadBenchmarkSupport

/// Asks a server of our own what it counted while a case was measured.
struct ServerWatch {
    private let main: BlockingRedisDatabase

    init(_ databases: RedisDatabases) throws(RedisError) { main = try databases.blocking(.main) }

    /// Commands that this asks: not of what is measured.
    private static let own: Set = ["config", "slowlog", "latency", "info"]

    /// Counts from now on.
    func begin() throws(RedisError) {
        try main.send("CONFIG", "RESETSTAT")
        try main.send("SLOWLOG", "RESET")
        try main.send("LATENCY", "RESET")
    }

    func end() throws(RedisError) -> ServerTruth {
        // cmdstat_get: calls=1,usec=4,usec_per_call=4.00,…
        let lines = try main.info("commandstats").text.split(whereSeparator: \.isNewline)
        let commands = lines.filter { $0.hasPrefix("cmdstat_") }.compactMap { line -> ServerTruth.Command? in
            let name = line.dropFirst("cmdstat_".count).prefix { $0 != ":" }
            if Self.own.contains(String(name.prefix { $0 != "|" })) { return nil }
            let pairs = line.dropFirst("cmdstat_:".count + name.count).split(separator: ",")
            let values = pairs.reduce(into: [Substring: Substring]()) { values, pair in
                let parts = pair.split(separator: "=")
                if parts.count == 2 { values[parts[0]] = parts[1] }
            }
            guard let calls = values["calls"].flatMap({ Int($0) }),
                let time = values["usec_per_call"].flatMap({ Double($0) })
            else { return nil }
            return ServerTruth.Command(
                name: String(name), calls: calls, microsecondsPerCall: time)
        }
        // Number, time, microseconds, words, …
        let slowest = (try main.send("SLOWLOG", "GET", 128).elements ?? []).compactMap { entry -> (Int, String)? in
            guard let fields = entry.elements, fields.count > 3, case .integer(let time) = fields[2] else { return nil }
            return (Int(time), fields[3].elements?.first?.bytes?.text?.lowercased() ?? "?")
        }.max { $0.0 < $1.0 }
        // Event, time of the latest, milliseconds of the latest, of the longest.
        let events = (try main.send("LATENCY", "LATEST").elements ?? []).reduce(into: [String: Int]()) {
            if let fields = $1.elements, fields.count > 3, let name = fields[0].bytes?.text,
                case .integer(let time) = fields[3]
            {
                $0[name] = Int(time)
            }
        }
        return ServerTruth(
            commands: commands, slowestMicroseconds: slowest?.0, slowestCommand: slowest?.1, latencyEvents: events)
    }
}
