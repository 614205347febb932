import BulkheadBenchmarkSupport

/// How often to do harm.
struct Settings: ProgramSettings {
    var subjects: [String] = Subject.allCases.map(\.rawValue)
    var stops = 100
    var failovers = 20
    var lease = 500
    var seed: Int?
    var worker: String?
    var resource: String?
    var sentinels: String?

    static let program = "lock-faults"
    static let summary =
        "Stops processes for longer than their lease, and makes the server of their locks fail over. No holder "
        + "of a lock that was overtaken may write behind the fence, no work may be done again behind the fence "
        + "that is noted, and no more may be allowed than the rate and the burst: exit code 1."
    static let options: [Option] = [
        .list(
            "subjects", "<names>", \.subjects, of: Subject.allCases.map(\.rawValue),
            help: "what is put to the test"),
        .integer("stops", "<number>", \.stops, in: 0...100_000, help: "how often a process is stopped"),
        .integer(
            "failovers", "<number>", \.failovers, in: 0...100_000, help: "how often the server fails over"),
        .integer("lease", "<ms>", \.lease, in: 10...60_000, help: "the lease of the lock, in milliseconds"),
        .seed(\.seed),
        .text("worker", "<name>", \.worker, help: "be a worker of that name; needs the next two"),
        .text("resource", "<path>", \.resource, help: "the server that a worker writes to"),
        .text("sentinels", "<addresses>", \.sentinels, help: "those of the lock's server, with commas"),
    ]
}

/// What is put to the test, each with a group of its own.
enum Subject: String, CaseIterable, Sendable {
    case lock, once, limit

    /// Works until nobody wants it any more.
    func work(_ worker: Worker) async throws {
        let isBlocking = worker.name.hasPrefix("blocking")
        switch self {
        case .lock: if isBlocking { try LockWork.runBlocking(worker) } else { try await LockWork.run(worker) }
        case .once: if isBlocking { try OnceWork.runBlocking(worker) } else { try await OnceWork.run(worker) }
        case .limit: if isBlocking { try LimitWork.runBlocking(worker) } else { try await LimitWork.run(worker) }
        }
    }

    /// How many entries others must make before a stopped worker goes on. Of locks the next holder's first is enough.
    var entriesOfStop: Int { self == .limit ? 30 : 0 }
}
