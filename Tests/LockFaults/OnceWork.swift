import Bulkhead

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Does one job after the other, each of them once, as all other workers do: so each job is tried by everybody. A run
/// writes its beginning behind a fence too, and gives up where that refuses it.
enum OnceWork {
    private static let fenced = "fenced"
    private static let kept = Duration.seconds(7 * 86_400)
    private static let steps = 4

    static func runBlocking(_ worker: Worker) throws {
        let (locks, resource) = (try worker.locks.blocking(.main), try worker.resource.blocking(.main))
        var job = 0
        while worker.isWanted {
            do {
                let answer = try locks.once("job:\(job)", keptFor: kept, lease: worker.lease) { [job] lock in
                    try resource.rpush(Worker.journal, "\(worker.name) began \(job)")
                    try resource.run(
                        .rpush(Worker.journal, "\(worker.name) \(fenced) \(job)"),
                        behind: RedisFence("job:\(job)", number: lock.number))
                    for _ in 0..<steps { usleep(5_000) }
                    try resource.rpush(Worker.journal, "\(worker.name) ended \(job)")
                }
                guard answer.state != .inProgress else {
                    usleep(1_000)
                    continue
                }
                try resource.rpush(Worker.journal, "\(worker.name) \(answer.state.rawValue) \(job)")
                job += 1
            } catch let error as RedisError {
                try worker.countBlocking(error)
            }
        }
    }

    static func run(_ worker: Worker) async throws {
        let (locks, resource) = (try worker.locks[.main], try worker.resource[.main])
        var job = 0
        while worker.isWanted {
            do {
                let answer = try await locks.once("job:\(job)", keptFor: kept, lease: worker.lease) { [job] lock in
                    try await resource.rpush(Worker.journal, "\(worker.name) began \(job)")
                    try await resource.run(
                        .rpush(Worker.journal, "\(worker.name) \(fenced) \(job)"),
                        behind: RedisFence("job:\(job)", number: lock.number))
                    // A task that was cancelled goes on all the same: the worst worker that there is.
                    for _ in 0..<steps { try? await Task.sleep(for: .milliseconds(5)) }
                    try await resource.rpush(Worker.journal, "\(worker.name) ended \(job)")
                }
                guard answer.state != .inProgress else {
                    try await Task.sleep(for: .milliseconds(1))
                    continue
                }
                try await resource.rpush(Worker.journal, "\(worker.name) \(answer.state.rawValue) \(job)")
                job += 1
            } catch let error as RedisError {
                try await worker.count(error)
            }
        }
    }

    /// Prints what was found; true if nothing was done again that is noted, and nothing noted that was not done.
    static func judge(_ resource: BlockingRedisDatabase) throws -> Bool {
        var tally = OnceTally()
        for entry in try resource.lrange(Worker.journal, from: 0, through: -1) { tally.add(entry) }
        func count(_ key: String) throws -> Int { try resource.get(key, as: Int.self) ?? 0 }
        print(
            "\(tally.runs) runs of \(tally.jobs) jobs, each tried by four; \(try count(Worker.lost)) runs lost their "
                + "lock, \(try count(Worker.refused)) refused by the fence, \(tally.forgotten) again after a failover "
                + "that may have lost the note")
        print("runs beyond the first, without the fence: \(tally.runs - tally.jobs)")
        print("runs of what was noted, behind the fence: \(tally.again)")
        print("jobs noted twice: \(tally.twice), noted and not done: \(tally.undone)")
        let isRight = tally.again + tally.twice + tally.undone == 0
        print(isRight ? "The guard held." : "THE GUARD DID NOT HOLD.")
        return isRight
    }
}

/// What the journal says of each job.
///
/// A note is *safe* if no failover was under way between the end of the work and the answer that it is noted: each
/// failover is ordered when the replicas have all that was written before.
struct OnceTally {
    private struct Job {
        /// Who has ended the work, and behind how many failovers.
        var ended: [Substring: Int] = [:]
        var noted = 0
        var isSafe = false
    }

    private(set) var runs = 0
    /// Violations: a run behind the fence, or a second note, after a safe one; and a note of what nobody has done.
    private(set) var again = 0
    private(set) var twice = 0
    private(set) var undone = 0
    /// Notes beyond the first of a job that a failover may have forgotten.
    private(set) var forgotten = 0
    private var states: [Substring: Job] = [:]
    /// Beginnings and ends of failovers: odd while one is under way.
    private var turns = 0

    var jobs: Int { states.count }

    mutating func add(_ entry: String) {
        let words = entry.split(separator: " ")
        guard words.count == 3 else { return turns += 1 }
        let (worker, job) = (words[0], words[2])
        switch words[1] {
        case "began":
            runs += 1
            states[job, default: Job()].noted += 0
        case "fenced":
            if states[job]?.isSafe == true { again += 1 }
        case "ended": states[job]?.ended[worker] = turns
        case "ran":
            let isSafe = turns.isMultiple(of: 2) && states[job]?.ended[worker] == turns
            if isSafe, states[job]?.isSafe == true { twice += 1 }
            if states[job]?.noted ?? 0 > 0 { forgotten += 1 }
            states[job]?.noted += 1
            if isSafe { states[job]?.isSafe = true }
        default:
            if states[job]?.ended.isEmpty ?? true { undone += 1 }
        }
    }
}
