import Bulkhead
import BulkheadRESP

/// What a migration is to do: everything that the command line says, checked as far as that needs no server.
struct MigrationPlan: Sendable {
    /// What becomes of a key whose name the target has already.
    enum Conflicts: String, Sendable, CaseIterable {
        /// Stops there; what was moved until then stays moved.
        case fail
        /// Leaves the key in the source.
        case skip
        /// Replaces what the target has.
        case replace
    }

    let from: DatabaseEntry
    var to: DatabaseEntry
    var keys = MigratedKeys.all
    var rename: KeyRename?
    var conflicts = Conflicts.fail
    /// Leaves the keys in the source.
    var copies = false
    /// Finds and asks, and changes nothing.
    var isDryRun = false
    /// Compares both sides after each key; between two servers a move always does.
    var verifies = false
    /// Finishes what an earlier run has left behind.
    var resumes = false
    /// Brings nothing to the target, and ends there what an earlier run has left behind.
    var settles = false
    /// Keys a second at most; nil is no limit.
    var rate: Int?
    /// How much of the servers' time it takes.
    var pace = RedisPace.considerate

    init(from: DatabaseEntry, to: DatabaseEntry) {
        self.from = from
        self.to = to
    }

    /// The name a key gets in the target.
    func name(for key: RESPBytes) -> RESPBytes {
        // Keys of another beginning are not found: the pattern was checked.
        rename.map { $0.name(for: key) ?? key } ?? key
    }

    /// Where keys go, as messages call it.
    var destination: String {
        if case .misplaced(_, nil) = keys { return "where they belong" }
        return to.name.text
    }

    /// What happens to a key, as a word of messages.
    var verb: String { copies ? "copied" : "moved" }

    /// Slices under way at once. Two at full pace: while one is answered the server has the next. A pace is learnt from
    /// the time of a slice, which must then be alone.
    var slicesInFlight: Int { pace == .full ? 2 : 1 }

    /// Named once: what a migration may use.
    enum Limits {
        /// Keys of one slice, at most: so much is settled, and asked whether to go on, at once.
        static let keysOfSlice = 500
        /// Keys that SCAN looks at in one step, at most.
        static let keysOfPage = 1_000
        /// Bytes of values, by the source's estimate, that one slice may hold in memory here, between two servers.
        static let bytesOfSlice = 8 << 20
        /// Keys that RESTORE gets in one transaction at most.
        static let keysOfTransaction = 50
        /// Bytes that a key's place in another table of the same server takes, while that grows.
        static let bytesOfPlace = 64
        /// How often a key is tried that somebody keeps writing to.
        static let attempts = 3
    }
}
