/// What a walk has found in one database so far: it is told each key's name, and more about those looked at.
///
/// It does no I/O and holds a bounded amount, whatever the database: counters, two sketches, a few names.
struct DatabaseTally {
    /// Keys listed as the largest.
    static let mostBiggest = 10
    /// Kinds (a type and an encoding) that are told apart; servers have about thirty, modules a few more.
    static let mostKinds = 256

    /// What is known of the keys of one kind.
    struct Kind {
        /// Those that were looked at.
        var keys = 0
        var bytes = PowerSums()
    }

    /// Names seen.
    private(set) var walked = 0
    /// Keys looked at that were there.
    private(set) var looked = 0
    /// Keys that were gone when they were looked at.
    private(set) var gone = 0
    private(set) var kinds: [KeyKind: Kind] = [:]
    private(set) var bytes = PowerSums()
    /// Milliseconds left of those that expire.
    private(set) var timesLeft = PowerSums()
    private(set) var byTimeLeft = [Int](repeating: 0, count: TimeLeft.allCases.count)
    private(set) var misplacement: MisplacementTally
    private(set) var biggest = BiggestKeys(most: mostBiggest)
    /// One for each depth.
    private(set) var prefixes = Array(repeating: PrefixSketch(), count: PrefixReader.depths)
    /// Keys without a delimiter.
    private(set) var withoutPrefix = 0
    private let reader = PrefixReader()

    init(_ placement: Placement) {
        misplacement = MisplacementTally(placement)
    }

    /// One more key.
    mutating func walk(_ key: UnsafeRawBufferPointer) {
        walked += 1
        misplacement.add(key)
        var hasPrefix = false
        reader.forEach(in: key) { depth, prefix, hash in
            hasPrefix = true
            prefixes[depth].count(prefix, hash: hash)
        }
        if !hasPrefix { withoutPrefix += 1 }
    }

    /// What one key of the sample is; nil if it has gone since it was walked.
    mutating func add(_ look: KeyLook?, of key: UnsafeRawBufferPointer) {
        guard let look else {
            gone += 1
            return
        }
        looked += 1
        byTimeLeft[TimeLeft(look.timeLeft).rawValue] += 1
        if let timeLeft = look.timeLeft { timesLeft.add(timeLeft) }
        var kind = KeyKind(type: look.type ?? "not known", encoding: look.encoding ?? "not known")
        if kinds[kind] == nil, kinds.count >= Self.mostKinds { kind = KeyKind(type: "others", encoding: "others") }
        kinds[kind, default: Kind()].keys += 1
        guard let size = look.bytes else { return }
        kinds[kind]?.bytes.add(size)
        bytes.add(size)
        biggest.add(key, look)
        reader.forEach(in: key) { depth, prefix, hash in
            prefixes[depth].add(bytes: size, to: prefix, hash: hash)
        }
    }
}
