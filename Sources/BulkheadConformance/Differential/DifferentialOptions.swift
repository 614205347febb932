/// What a comparison of two servers may touch, and how much it sends.
package struct DifferentialOptions: Sendable {
    /// The databases it works in. They must be empty.
    package var databases = [13, 14, 15]
    /// The beginning of the names of its keys.
    package var keyPrefix = ""
    /// Whether it may flush these databases where they hold something.
    package var allowsDestructive = false
    package var seed: UInt64 = 1
    /// How many commands each server is sent and compared by.
    package var commands = 100_000
    /// How long a sequence may take.
    package var timeLimit = Duration.seconds(60)
    /// Differences with a reason.
    package var known: [KnownDifference] = []

    /// Commands between two looks at the whole state; a sequence begins with empty databases.
    static let sequenceLength = 4_000
    /// How many differences of one kind are shrunk, to find other causes of it.
    static let shrunkOfAKind = 4
    static let shrunkAtMost = 400

    package init() {}

    /// What a run touches, in words for whoever owns the servers.
    package var footprint: String {
        let numbers = databases.map(String.init).joined(separator: ", ")
        return "writes, swaps and flushes the databases \(numbers) of both servers"
            + (allowsDestructive ? ", whatever they hold" : ", which must be empty") + "; runs scripts"
    }
}
