import Bulkhead
import Synchronization

/// What happened, counted by one caller or added up over all.
struct Tally: Sendable {
    var operations = 0
    /// Calls that were cancelled, and calls whose deadline passed, by how far they had come.
    var cancelled: [RedisError.Stage: Int] = [:]
    var late: [RedisError.Stage: Int] = [:]
    /// All other errors.
    var errors: [String: Int] = [:]
    /// Replies that belong to another call, or to nobody.
    var crossed = 0
    /// Writes that the server had acknowledged and does not have.
    var lost = 0
    /// The first few of what must not be, in words.
    var findings: [String] = []

    private static let mostFindings = 20

    mutating func count(_ error: RedisError) {
        switch error.code {
        case .cancelled: cancelled[error.stage, default: 0] += 1
        case .timedOut: late[error.stage, default: 0] += 1
        case .unexpectedReply, .protocolViolation, .wrongType:
            // A reply of another type, or more than was asked for: somebody else's.
            cross("\(error)")
        default: errors[error.code.name, default: 0] += 1
        }
    }

    mutating func cross(_ finding: String) {
        crossed += 1
        keep("crossed: " + finding)
    }

    mutating func lose(_ finding: String) {
        lost += 1
        keep("lost: " + finding)
    }

    mutating func keep(_ finding: String) {
        if findings.count < Self.mostFindings { findings.append(finding) }
    }

    mutating func add(_ other: Tally) {
        operations += other.operations
        cancelled.merge(other.cancelled, uniquingKeysWith: +)
        late.merge(other.late, uniquingKeysWith: +)
        errors.merge(other.errors, uniquingKeysWith: +)
        crossed += other.crossed
        lost += other.lost
        other.findings.forEach { keep($0) }
    }
}

/// A counter that all callers of a database read, and set to one more, by WATCH: none of them is lost, and none counted
/// twice.
final class SharedCounters: Sendable {
    static let key = "shared:count"
    private let counts = Mutex<[DatabaseName: (attempted: Int, acknowledged: Int)]>([:])

    func attempt(_ name: DatabaseName) { counts.withLock { $0[name, default: (0, 0)].attempted += 1 } }
    func acknowledge(_ name: DatabaseName) { counts.withLock { $0[name, default: (0, 0)].acknowledged += 1 } }

    var acknowledged: Int { counts.withLock { $0.values.reduce(0) { $0 + $1.acknowledged } } }

    /// `value` was read when all attempts had ended.
    func check(_ value: Int, _ name: DatabaseName, _ tally: inout Tally) {
        let (attempted, acknowledged) = counts.withLock { $0[name, default: (0, 0)] }
        if value < acknowledged { tally.lose("\(Self.key) in \(name) is \(value), was \(acknowledged)") }
        if value > attempted { tally.cross("\(Self.key) in \(name) is \(value) after \(attempted) attempts") }
    }
}

/// Where all callers meet: the sum of their tallies, and whether to go on.
final class Scoreboard: Sendable {
    private let sum = Mutex(Tally())
    private let stopping = Atomic(false)
    private let begun = Atomic(0)

    var tally: Tally { sum.withLock { $0 } }
    var isOver: Bool { stopping.load(ordering: .relaxed) }
    /// Calls and callers that have not come back.
    var underWay: Int { begun.load(ordering: .sequentiallyConsistent) }

    func stop() { stopping.store(true, ordering: .relaxed) }
    func begin() { begun.add(1, ordering: .sequentiallyConsistent) }
    func end() { begun.subtract(1, ordering: .sequentiallyConsistent) }

    /// Takes over what a caller counted.
    func take(_ tally: inout Tally) {
        let taken = tally
        sum.withLock { $0.add(taken) }
        tally = Tally()
    }
}
