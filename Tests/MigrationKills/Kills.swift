import BulkheadBenchmarkSupport

#if canImport(Glibc)
@preconcurrency import Glibc
#elseif canImport(Musl)
@preconcurrency import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// All rows of the table: who is killed or overtaken, where the keys go, and whether somebody writes meanwhile.
struct Kills {
    private let settings: Settings
    private let seed: Int
    private let program: String

    init(_ settings: Settings) {
        self.settings = settings
        seed = settings.seed ?? Int.random(in: 0...999_999)
        let own = CommandLine.arguments[0]
        let folder = own.lastIndex(of: "/").map { own[...$0] } ?? ""
        program = settings.program ?? folder + "bulkhead"
    }

    /// Prints a line as each row ends; true if nothing was lost or doubled.
    func run() throws -> Bool {
        // Row by row, also into a file.
        setlinebuf(stdout)
        print("migration-kills: \(settings.rounds) rounds a row, seed \(seed)")
        print(Tally.title)
        var isClean = true
        for scenario in Scenario.all where settings.only.map({ scenario.name.contains($0) }) ?? true {
            let start = MonotonicClock.now()
            var tally = Tally()
            for round in 0..<settings.rounds {
                let random = SeededGenerator(seed: UInt64(truncatingIfNeeded: seed &* 1_000_003 &+ round))
                var run = Round(scenario, keys: settings.keys ?? scenario.usualKeys, program: program, random)
                try run.perform(&tally)
                if let finding = tally.firstFinding, isClean {
                    isClean = false
                    Terminal.writeError("\(scenario.name), round \(round): \(finding)\n")
                }
            }
            let seconds = Double(MonotonicClock.now() - start) / 1e9
            print(tally.row(scenario.name, seconds: seconds))
        }
        print(isClean ? "Nothing was lost or doubled." : "SOMETHING WAS LOST OR DOUBLED.")
        return isClean
    }
}

/// One row.
struct Scenario: Sendable {
    enum Victim: String, CaseIterable, Sendable {
        case client = "client killed"
        case server = "server killed"
        /// It stands still while another run resumes its work, and goes on in the middle of that.
        case rival = "client overtaken"
        /// Others fill it while keys come, and it begins to evict when it is full.
        case target = "target filled"
    }

    let victim: Victim
    let isAcross: Bool
    let isWritten: Bool

    var name: String {
        "\(victim.rawValue), \(isAcross ? "two servers" : "one server")" + (isWritten ? ", writer" : "")
    }

    /// As many as take long enough for a kill to fall between them, or more than a target has room for.
    var usualKeys: Int { isAcross && victim != .target ? 2_000 : 10_000 }

    static let all = Victim.allCases.flatMap { victim in
        // Within a server a move brings nothing that was not there.
        (victim == .target ? [true] : [false, true]).flatMap { isAcross in
            [false, true].map { Scenario(victim: victim, isAcross: isAcross, isWritten: $0) }
        }
    }
}

/// What the rounds of a row have come to.
struct Tally {
    /// Kills, and those of them that left keys on both sides.
    var kills = 0
    var killsInside = 0
    /// Runs of the program after a kill.
    var resumes = 0
    var keys = 0
    var writes = 0
    var lost = 0
    var doubled = 0
    var expiriesChanged = 0
    var writesLost = 0
    var notesLeft = 0
    /// Keys that a server evicted.
    var evicted = 0
    var firstFinding: String?

    mutating func find(_ finding: String, _ count: WritableKeyPath<Tally, Int>) {
        self[keyPath: count] += 1
        firstFinding = firstFinding ?? finding
    }

    private static let widths = [38, 6, 7, 8, 9, 8, 5, 8, 9, 6, 6, 8, 6]

    private static func line(_ cells: [String]) -> String {
        zip(cells, widths).enumerated().map { index, cell in
            let padding = String(repeating: " ", count: max(0, cell.1 - cell.0.count))
            return index == 0 ? cell.0 + padding : padding + cell.0
        }.joined(separator: " ")
    }

    static let title =
        line([
            "", "kills", "inside", "resumes", "keys", "writes", "lost", "doubled", "expiries", "writes", "notes",
            "evicted",
            "s",
        ]) + "\n" + line(["", "", "", "", "", "", "", "", "changed", "lost", "left", "", ""])

    func row(_ name: String, seconds: Double) -> String {
        let counts = [
            kills, killsInside, resumes, keys, writes, lost, doubled, expiriesChanged, writesLost, notesLeft,
            evicted, Int(seconds),
        ]
        return Self.line([name] + counts.map { String($0) })
    }
}
