/// What a walk has found in one database so far, from each key's name, and from more about those looked at.
///
/// It does no I/O and holds a bounded amount, whatever the database: counters, two sketches, a few names.
struct DatabaseTally {
    /// Keys listed as the largest.
    static let mostBiggest = 10
    /// Kinds (a type and an encoding) that are counted each; servers have about thirty, modules a few more.
    static let mostKinds = 256

    /// What is known of the keys of one kind.
    struct Kind {
        /// Those that were looked at.
        var keys = 0
        var bytes = 0
    }

    /// Sizes of keys, added up.
    struct Sizes {
        private(set) var keys = 0
        private(set) var bytes = 0

        mutating func add(_ size: Int) {
            keys += 1
            bytes = bytes.addingReportingOverflow(size).overflow ? .max : bytes + size
        }
    }

    /// Names seen.
    private(set) var walked = 0
    /// Notes of migrations among them.
    private(set) var notes = 0
    /// Keys of the sample that were looked at.
    private(set) var looked = 0
    /// Keys of the sample that were gone when they were looked at.
    private(set) var gone = 0
    /// Keys of the sample of which the user may see only the name.
    private(set) var hidden = 0
    /// Of those looked at; what the server refused is not in it.
    private(set) var kinds: [KeyKind: Kind] = [:]
    /// Keys looked at whose type is known.
    private(set) var typed = 0
    /// The same for encodings.
    private(set) var encoded = 0
    /// The same for times.
    private(set) var timed = 0
    /// Every size that the server gave.
    private(set) var sizes = Sizes()
    /// Keys whose size was asked and not given, because they were gone or are hidden.
    private(set) var unsized = (gone: 0, hidden: 0)
    /// Of keys that were drawn by their sizes, by type.
    private(set) var drawn: [String: DrawnSizes] = [:]
    /// Milliseconds left of those that expire.
    private(set) var timesLeft = PowerSums()
    private(set) var byTimeLeft = [Int](repeating: 0, count: TimeLeft.allCases.count)
    private(set) var misplacement: MisplacementTally
    var biggest = BiggestKeys(most: mostBiggest)
    /// One for each depth.
    private(set) var prefixes = Array(repeating: PrefixSketch(), count: PrefixReader.depths)
    /// Keys without a delimiter.
    private(set) var withoutPrefix = 0
    let sizeUnit: Int
    private let reader = PrefixReader()

    /// - Parameter sizeUnit: that of the ``SizeSampler``, if there is one.
    init(_ placement: Placement, sizeUnit: Int = 1) {
        self.sizeUnit = sizeUnit
        misplacement = MisplacementTally(placement)
    }

    /// One more key.
    mutating func walk(_ key: UnsafeRawBufferPointer) {
        walked += 1
        if HandoverNotes.isNote(key) { notes += 1 }
        misplacement.add(key)
        var hasPrefix = false
        reader.forEach(in: key) { depth, prefix, hash in
            hasPrefix = true
            prefixes[depth].count(prefix, hash: hash)
        }
        if !hasPrefix { withoutPrefix += 1 }
    }

    /// What one key of the sample is.
    mutating func add(_ reply: WalkReply, of key: UnsafeRawBufferPointer) {
        add(size: reply, of: key)
        switch reply {
        case .gone: gone += 1
        case .hidden: hidden += 1
        case .known(let look): add(look)
        }
    }

    private mutating func add(_ look: KeyLook) {
        looked += 1
        if let time = look.time {
            timed += 1
            byTimeLeft[TimeLeft(time).rawValue] += 1
            if case .left(let milliseconds) = time { timesLeft.add(milliseconds) }
        }
        guard let type = look.type else { return }
        typed += 1
        if look.encoding != nil { encoded += 1 }
        var kind = KeyKind(type: type, encoding: look.encoding)
        if kinds[kind] == nil, kinds.count >= Self.mostKinds { kind = KeyKind(type: "others", encoding: "others") }
        kinds[kind, default: Kind()].keys += 1
        guard let size = look.bytes, let before = kinds[kind]?.bytes else { return }
        kinds[kind]?.bytes = before.addingReportingOverflow(size).overflow ? .max : before + size
    }

    /// The size of one key, in the sample or not.
    mutating func add(size reply: WalkReply, of key: UnsafeRawBufferPointer) {
        switch reply {
        case .gone: unsized.gone += 1
        case .hidden: unsized.hidden += 1
        case .known(let look):
            guard let size = look.bytes else { return }
            sizes.add(size)
            biggest.add(key, look)
            reader.forEach(in: key) { depth, prefix, hash in
                prefixes[depth].add(bytes: size, to: prefix, hash: hash)
            }
        }
    }

    /// A key that was drawn by its size.
    mutating func addDrawn(_ bytes: Int, ofType type: String?) {
        guard var type else { return }
        if drawn[type] == nil, drawn.count >= Self.mostKinds { type = "others" }
        drawn[type, default: DrawnSizes(unit: sizeUnit)].add(bytes)
    }
}
