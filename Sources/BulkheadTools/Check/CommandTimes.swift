import Bulkhead

/// How often a server executed each command and how long that took, by its own count: INFO commandstats.
struct CommandTimes: Sendable, Hashable {
    struct Time: Sendable, Hashable {
        let calls: Int
        let microseconds: Int
    }

    /// By the server's name of the command: `scan`, `memory|usage`.
    private let times: [String: Time]

    /// Reads `cmdstat_scan:calls=3,usec=41,usec_per_call=13.67,…`; nil where there is no such line.
    init?(_ text: String) {
        var times: [String: Time] = [:]
        for (name, fields) in ServerFacts.fields(of: text) where name.hasPrefix("cmdstat_") {
            var numbers: [Substring: Int] = [:]
            for field in fields.split(separator: ",") {
                let pair = field.split(separator: "=")
                if pair.count == 2 { numbers[pair[0]] = Int(pair[1]).map { max(0, $0) } }
            }
            guard let calls = numbers["calls"], let microseconds = numbers["usec"] else { continue }
            times[String(name.dropFirst("cmdstat_".count))] = Time(calls: calls, microseconds: microseconds)
        }
        guard !times.isEmpty else { return nil }
        self.times = times
    }

    /// Nil if this user may not ask.
    init?(of database: RedisDatabase) async {
        guard let text = try? await database.run(.info("commandstats")).text else { return nil }
        self.init(text)
    }

    /// What the server took for `calls`, by the names of commands, since `start`; nil if it has begun to count anew.
    ///
    /// Where others called the same commands, it is the share of these calls.
    func time(of calls: [String: Int], since start: CommandTimes) -> (milliseconds: Double, isShared: Bool)? {
        var microseconds = 0.0
        var isShared = false
        for (command, own) in calls where own > 0 {
            let words = command.lowercased().split(separator: " ")
            // Since Redis 7.0 parts of a command are counted by themselves.
            let names = [words.joined(separator: "|"), String(words[0])]
            guard let name = names.first(where: { times[$0] != nil }), let now = times[name] else { return nil }
            let before = start.times[name] ?? Time(calls: 0, microseconds: 0)
            let (all, spent) = (now.calls - before.calls, now.microseconds - before.microseconds)
            guard all >= own, spent >= 0 else { return nil }
            if all > own { isShared = true }
            microseconds += Double(spent) * Double(own) / Double(all)
        }
        return (microseconds / 1_000, isShared)
    }
}
