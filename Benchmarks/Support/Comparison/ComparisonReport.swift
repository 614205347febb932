/// All that a run of `Benchmarks/compare` has to say. Encoded, it is the object that `--json` prints:
///
/// | Member | Meaning |
/// |---|---|
/// | `benchmark` · `format` | `compare`, and the number of this form: 2 |
/// | `date` · `commit` | when it began, ISO 8601; what was measured, left out if git does not know |
/// | `machine` | `processor`, `core_count`, `kernel`, `swift`, and what is left out where it is not known, see below |
/// | `server` | its version |
/// | `pinned` | `server_core` and `client_core`, left out where nothing is pinned |
/// | `rounds` · `seconds` | how often each program had its turn, and about how long |
/// | `rows` | one object for each row, see below |
/// | `skipped` | one sentence for each part that was not measured |
///
/// What may not be known of a machine: `load`, the processes that wanted a core before; `cycles_per_second`;
/// `second_level_cache`, its bytes; `stolen`, the part of the run's time that the host gave to others.
///
/// A row: `id`, `name`, `unit` (`nanoseconds`, `perSecond`, `cycles`, `allocations`), `ours`, `beside` and `ratio`
/// (`median`, `min` and `max` of the rounds), `target_at_most` or `target_at_least` (of the ratio where rows are
/// compared, else of `ours`), `verdict` (`met`, `not met`) and `samples`.
package struct ComparisonReport: Sendable, Encodable {
    package struct Machine: Sendable, Equatable, Encodable {
        package let processor: String
        package let coreCount: Int
        package let kernel: String
        package let swift: String
        /// How many processes ran or waited for a core, on the average of the minute before; nil where unknown.
        package let load: Double?
        /// About how many cycles its processor makes in a second.
        package var cyclesPerSecond: Double?
        /// Bytes of the cache that a core has to itself.
        package var secondLevelCache: Int?
        /// Which part of the run's time a host gave to its other guests.
        package var stolen: Double?

        package init(processor: String, coreCount: Int, kernel: String, swift: String, load: Double?) {
            self.processor = processor
            self.coreCount = coreCount
            self.kernel = kernel
            self.swift = swift
            self.load = load
        }
    }

    /// The core of the server and the core of all programs that load it.
    package struct Pinning: Sendable, Equatable, Encodable {
        package let serverCore: Int
        package let clientCore: Int

        /// The first two of the cores this process may use; nil where there are not two, or they are not known.
        package init?(allowedCores: [Int]?) {
            guard let allowedCores, allowedCores.count >= 2 else { return nil }
            serverCore = allowedCores[0]
            clientCore = allowedCores[1]
        }
    }

    package let date: String
    package let commit: String?
    package let machine: Machine
    package let server: String
    package let pinned: Pinning?
    package let rounds: Int
    package let seconds: Double
    package let rows: [ComparisonRow]
    package let skipped: [String]

    package init(
        date: String, commit: String?, machine: Machine, server: String, pinned: Pinning?, rounds: Int,
        seconds: Double, rows: [ComparisonRow], skipped: [String]
    ) {
        self.date = date
        self.commit = commit
        self.machine = machine
        self.server = server
        self.pinned = pinned
        self.rounds = rounds
        self.seconds = seconds
        self.rows = rows
        self.skipped = skipped
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode("compare", forKey: .benchmark)
        try values.encode(2, forKey: .format)
        try values.encode(date, forKey: .date)
        try values.encodeIfPresent(commit, forKey: .commit)
        try values.encode(machine, forKey: .machine)
        try values.encode(server, forKey: .server)
        try values.encodeIfPresent(pinned, forKey: .pinned)
        try values.encode(rounds, forKey: .rounds)
        try values.encode(seconds, forKey: .seconds)
        try values.encode(rows, forKey: .rows)
        try values.encode(skipped, forKey: .skipped)
    }

    private enum CodingKeys: String, CodingKey {
        case benchmark, format, date, commit, machine, server, pinned, rounds, seconds, rows, skipped
    }
}

extension ComparisonReport.Machine {
    /// The processor's name out of Linux' /proc/cpuinfo; nil where it has none, as on arm64.
    package static func processor(inCPUInfo text: String) -> String? {
        for line in text.split(separator: "\n") where line.hasPrefix("model name") {
            let name = line.drop { $0 != ":" }.dropFirst().split(separator: " ").joined(separator: " ")
            if !name.isEmpty { return name }
        }
        return nil
    }

    /// Bytes, out of what Linux says of a cache, such as `1024K`; nil if it is something else.
    package static func bytes(inCacheSize text: String) -> Int? {
        let text = text.split(whereSeparator: \.isWhitespace).first ?? ""
        guard text.hasSuffix("K") else { return Int(text) }
        return Int(text.dropLast()).map { $0 << 10 }
    }
}
