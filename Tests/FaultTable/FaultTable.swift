import Bulkhead
import BulkheadBenchmarkSupport
import BulkheadTestServer

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// One row: a fault at a place, and what it is about.
struct Fault: Sendable {
    let place: Place
    let name: String
    /// Once in all, whatever the rounds: it has a number of its own.
    var once = false
    let run: @Sendable (Settings) async throws -> Cost
}

/// What cannot happen here, and why.
struct Skipped: Error {
    let reason: String
}

/// All faults one after the other, and a table of what they cost.
struct FaultTable: Sendable {
    private let settings: Settings

    init(_ settings: Settings) { self.settings = settings }

    /// True if nothing ran twice, and nothing that was said not to have been sent.
    func run() async throws -> Bool {
        let programs: [String?] = [nil] + (settings.valkey.map { [$0] } ?? [])
        let identities = try programs.map { binary in
            try RedisTestServer.withServer(.init(binary: binary)) { "\($0.flavour) \($0.version)" }
        }
        print(
            "fault-table: \(identities.joined(separator: ", ")), \(settings.rounds) rounds, 4 writers, 5 s a call\n")
        print(
            "| A name on | Fault | Longest pause of writes | Acknowledged | of these lost | Failed, not sent | "
                + "Ambiguous | of these ran | Errors |")
        print("|---|---|---|---|---|---|---|---|---|")
        var (isRight, skipped) = (true, [String]())
        for fault in SingleServer.faults + Group.faults + Shards.faults + Shards.faultsOfNames
        where settings.places.contains(fault.place.rawValue) && fault.name.contains(settings.faults ?? fault.name) {
            do {
                var cost = try await fault.run(settings)
                for _ in 1..<max(1, fault.once ? 1 : settings.rounds) { cost = cost + (try await fault.run(settings)) }
                print(Self.row(fault, cost))
                fflush(nil)
                let roles = cost.roles.subtracting(["master"])
                if cost.twice + cost.unsentThatRan + cost.atReplicas > 0 || !roles.isEmpty {
                    isRight = false
                    print(
                        "\nWRONG: \(cost.twice) ran twice, \(cost.unsentThatRan) ran though they were not sent, "
                            + "\(cost.atReplicas) came to a replica, roles \(cost.roles.sorted())\n")
                }
            } catch let error as Skipped {
                skipped.append("*** SKIPPED: \(fault.place.words), \(fault.name): \(error.reason)")
            }
        }
        print("")
        for line in Failovers.lines + Shards.lines { print(line) }
        for line in skipped { print(line) }
        print(isRight ? "Nothing ran twice, and nothing ran that was said not to have been sent." : "THAT IS WRONG.")
        return isRight
    }

    private static func row(_ fault: Fault, _ cost: Cost) -> String {
        let codes = cost.codes.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        let counts = [cost.acknowledged, cost.lost, cost.unsent, cost.ambiguous, cost.ambiguousThatRan].map(String.init)
        let cells = [fault.place.words, fault.name, pauses(cost.pauses)] + counts + [codes.isEmpty ? "–" : codes]
        return "| " + cells.joined(separator: " | ") + " |"
    }

    /// In milliseconds: one, or the least, the middle and the most.
    static func pauses(_ nanoseconds: [Int64]) -> String {
        let sorted = nanoseconds.sorted().map { ($0 + 500_000) / 1_000_000 }
        guard let first = sorted.first, let last = sorted.last else { return "–" }
        return sorted.count < 2 ? "\(first) ms" : "\(first) · \(sorted[sorted.count / 2]) · \(last) ms"
    }
}

extension Place {
    var words: String {
        switch self {
        case .server: "a server"
        case .sentinels: "a group with sentinels"
        case .cluster: "a cluster"
        case .names: "a cluster of Valkey, four names"
        }
    }
}

/// Closes them behind the body.
func with<Answer>(
    _ databases: RedisDatabases, _ body: (RedisDatabases) async throws -> Answer
) async throws -> Answer {
    do {
        let answer = try await body(databases)
        await databases.close()
        return answer
    } catch {
        await databases.close()
        throw error
    }
}
