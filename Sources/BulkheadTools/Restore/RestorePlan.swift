import Bulkhead

/// What a restore is to do: everything the command line says.
struct RestorePlan: Sendable {
    /// What becomes of a key whose name the database has already.
    enum Conflicts: String, Sendable, CaseIterable {
        /// Looks for such keys first, and restores nothing if there is one.
        case fail
        /// Leaves the key that is there.
        case skip
        /// Replaces the key that is there.
        case replace
    }

    let path: String
    /// The number in the file.
    let number: Int
    let into: DatabaseEntry
    var conflicts = Conflicts.fail
    /// Which keys the catalogue says belong elsewhere; nil asks nothing.
    var placement: Placement?
    /// A glob of keys; nil is every key.
    var pattern: KeyPattern?
    var functions = false
    /// Restores the others where the server cannot take some keys of the file; else nothing.
    var skipsUnsupported = false
    /// Compares every key afterwards.
    var verifies = false
    /// Keys a second at most; nil is no limit.
    var rate: Int?
    var pace = RedisPace.considerate

    /// Named once: what a restore may use.
    enum Limits {
        /// Bytes of values that one pipeline holds in memory, unless a single value is larger.
        static let bytesOfSlice = 4 << 20
        /// Names that are looked up in one pipeline.
        static let namesOfSlice = 1_000
        /// Bytes of a stream, a vector set or a module's value in the file that is decoded before the first key is
        /// written: 64 MiB. A larger one is checked by the server alone; all others are, whatever their size.
        static let largestDecoded = 64 << 20
        /// Bytes that a server needs for a key beside its name and its value, at least.
        static let bytesOfKey = 64
        /// The largest value that a server takes by default (`proto-max-bulk-len`): past it RESTORE ends the
        /// connection.
        static let largestValue = (512 << 20) - (1 << 10)
    }
}
