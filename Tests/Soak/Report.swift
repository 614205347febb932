import Bulkhead
import BulkheadBenchmarkSupport

/// All that was counted, as a table or as one line of JSON.
struct Report {
    let server: String
    let seed: Int
    let seconds: Double
    let tally: Tally
    let faults: Faults
    let hung: Int
    let descriptors: Int
    let shared: Int
    let pairs: Int
    let background: Background
    let handledAgain: Int

    private static let stages: [(RedisError.Stage, String)] = [
        (.refused, "before they were sent off"), (.connecting, "while connecting"), (.queued, "in the queue"),
        (.writing, "while written"), (.sent, "sent"),
    ]

    var isClean: Bool {
        tally.crossed == 0 && tally.lost == 0 && background.cached.stale == 0 && background.cached.reads > 0
            && hung == 0 && descriptors <= 0 && faults.problem == nil
    }

    /// What is counted: words, a name, the number, and whether it must be 0.
    private var lines: [(words: String, name: String, count: Int, mustBeZero: Bool)] {
        var lines: [(String, String, Int, Bool)] = [
            ("operations", "operations", tally.operations, false),
            ("cancellations", "cancellations", tally.cancelled.values.reduce(0, +), false),
        ]
        for (stage, words) in Self.stages {
            lines.append(("  \(words)", "cancelled_\(stage.rawValue)", tally.cancelled[stage] ?? 0, false))
        }
        lines.append(("deadlines passed", "deadlines_passed", tally.late.values.reduce(0, +), false))
        for (stage, words) in Self.stages {
            lines.append(("  \(words)", "late_\(stage.rawValue)", tally.late[stage] ?? 0, false))
        }
        for (code, count) in tally.errors.sorted(by: { $0.key < $1.key }) {
            lines.append(("error \(code)", "error_\(code)", count, false))
        }
        let (queue, broadcasts, cached) = (background.queue, background.broadcasts, background.cached)
        return lines + [
            ("transactions", "transactions", pairs, false),
            ("transactions that watched", "watched_transactions", shared, false),
            ("messages published", "published", broadcasts.reduce(0) { $0 + $1.published }, false),
            ("messages read", "messages_read", broadcasts.reduce(0) { $0 + $1.received }, false),
            ("gaps of subscriptions", "gaps", broadcasts.reduce(0) { $0 + $1.gaps }, false),
            ("entries added to the queue", "entries_added", queue.length, false),
            ("entries handled", "entries_handled", queue.count(of: .handled), false),
            ("entries handled again", "entries_handled_again", handledAgain, false),
            ("reads through a cache", "cached_reads", cached.reads, false),
            ("  from memory", "cached_hits", cached.hits, false),
            ("  behind by an invalidation under way", "cached_behind", cached.behind, false),
            ("invalidations", "invalidations", cached.invalidations, false),
            ("CLIENT KILL TYPE normal and pubsub", "client_kills", faults.clientKills, false),
            ("pauses of the server", "pauses", faults.pauses, false),
            ("kills and restarts of the server", "restarts", faults.restarts, false),
            ("crossed replies (must be 0)", "crossed_replies", tally.crossed, true),
            ("lost acknowledged writes (must be 0)", "lost_writes", tally.lost, true),
            ("stale reads through a cache (must be 0)", "stale_reads", cached.stale, true),
            ("calls that never came back (must be 0)", "hung_calls", hung, true),
            ("descriptors left open (must be 0)", "descriptors_left", max(0, descriptors), true),
        ]
    }

    func text() -> String {
        var table = Table(columns: [.text("what"), .number("count")])
        for line in lines { table.append([line.words, Self.grouped(line.count)]) }
        var text = "soak: \(server), seed \(seed), \(Int(seconds.rounded())) s\n\n" + table.text() + "\n"
        for finding in tally.findings { text += finding + "\n" }
        if let problem = faults.problem { text += "the server could not be treated as planned: \(problem)\n" }
        return text + (isClean ? "clean\n" : "NOT CLEAN: run it again with --seed \(seed)\n")
    }

    func json() -> String {
        let counts = lines.map { "\"\($0.name)\":\($0.count)" }.joined(separator: ",")
        return "{\"server\":\"\(server)\",\"seed\":\(seed),\"seconds\":\(Int(seconds.rounded())),"
            + "\"clean\":\(isClean),\(counts)}\n"
    }

    private static func grouped(_ count: Int) -> String {
        var text = ""
        for (index, digit) in String(count).reversed().enumerated() {
            if index > 0, index.isMultiple(of: 3) { text.append(",") }
            text.append(digit)
        }
        return String(text.reversed())
    }
}
