/// A pattern of keys as the server's own SCAN … MATCH takes it, matched on this side.
///
/// ```
/// *        any bytes, none too          [abc] [a-c]  one of these bytes
/// ?        any one byte                 [^abc]       one that is none of these
/// \x       the byte x itself
/// ```
/// It works on bytes, knows no characters, and speaks of the whole key: `session:*` is not in `my_session:1`. It
/// answers what the server answers also where the pattern is odd: an open `[` ends with the pattern, a range may stand
/// the wrong way round and compares signed bytes, and a key without a byte matches the empty pattern and `*` alone.
///
/// Unlike the server's, it never tries more than the bytes of the key times those of the pattern.
/// Source: `stringmatchlen` in `src/util.c` of Redis 7.0.
package struct KeyPattern: Sendable, Hashable {
    /// As it was given.
    package let text: String
    /// The bytes that every matching key begins with.
    package let literalPrefix: [UInt8]
    /// What must match behind the prefix.
    private let steps: [Step]
    private let matchesEmptyKey: Bool

    private enum Step: Hashable {
        /// Any bytes, none too.
        case run
        /// One byte, of the set.
        case one(ByteSet)
    }

    package init(_ text: String) {
        self.init(Array(text.utf8), text: text)
    }

    package init(_ bytes: [UInt8], text: String) {
        self.text = text
        var reader = Reader(rest: bytes[...])
        var steps: [Step] = []
        while let step = reader.next() {
            if step != .run || steps.last != .run { steps.append(step) }
        }
        let literals = steps.map { if case .one(let set) = $0 { set.onlyByte } else { nil as UInt8? } }
        let prefix = literals.prefix { $0 != nil }.compactMap(\.self)
        literalPrefix = prefix
        self.steps = Array(steps.dropFirst(prefix.count))
        matchesEmptyKey = bytes.isEmpty || bytes == [UInt8(ascii: "*")]
        literalBytes = literals.count { $0 != nil }
    }

    /// How many of its places take one certain byte: of two patterns that fit a key, the one with more is meant.
    package let literalBytes: Int

    package func matches(_ key: some Collection<UInt8>) -> Bool {
        let whole = key.withContiguousStorageIfAvailable { matches(UnsafeRawBufferPointer($0)) }
        return whole ?? Array(key).withUnsafeBytes { matches($0) }
    }

    package func matches(_ key: UnsafeRawBufferPointer) -> Bool {
        if key.isEmpty { return matchesEmptyKey }
        guard key.count >= literalPrefix.count else { return false }
        for index in literalPrefix.indices where key[index] != literalPrefix[index] { return false }
        if steps.count == 1, steps[0] == .run { return true }
        return matchesSteps(UnsafeRawBufferPointer(rebasing: key[literalPrefix.count...]))
    }

    /// A run first takes nothing. Where that does not work out it takes one byte more; runs before it need not change,
    /// because a later run can take whatever they would.
    private func matchesSteps(_ key: UnsafeRawBufferPointer) -> Bool {
        var (place, step) = (0, 0)
        var retry: (place: Int, step: Int)?
        while place < key.count {
            if step < steps.count {
                switch steps[step] {
                case .run:
                    step += 1
                    retry = (place, step)
                    continue
                case .one(let set) where set.contains(key[place]):
                    place += 1
                    step += 1
                    continue
                case .one: break
                }
            }
            guard let last = retry else { return false }
            (place, step) = (last.place + 1, last.step)
            retry = (place, step)
        }
        return steps[step...].allSatisfy { $0 == .run }
    }
}

extension KeyPattern {
    /// Whether a key could match both, judged by how they begin: false is certain, true is not.
    package func mayMeet(_ other: KeyPattern) -> Bool {
        zip(literalPrefix, other.literalPrefix).allSatisfy { $0 == $1 }
    }
}

extension KeyPattern {
    private static let special = Set("*?[\\".utf8)

    /// A pattern that finds these bytes and nothing else; what is not UTF-8 is matched by `?`.
    static func escaping(_ bytes: [UInt8]) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { return "?" }
        return text.unicodeScalars.reduce(into: "") { pattern, scalar in
            if scalar.isASCII, special.contains(UInt8(ascii: scalar)) { pattern += "\\" }
            pattern.unicodeScalars.append(scalar)
        }
    }
}

/// A set of bytes, as 256 bits.
private struct ByteSet: Hashable {
    private var bits: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    private(set) var onlyByte: UInt8?
    private var count = 0

    static func == (left: ByteSet, right: ByteSet) -> Bool { left.bits == right.bits }

    func hash(into hasher: inout Hasher) {
        for part in [bits.0, bits.1, bits.2, bits.3] { hasher.combine(part) }
    }

    func contains(_ byte: UInt8) -> Bool {
        let part =
            switch byte >> 6 {
            case 0: bits.0
            case 1: bits.1
            case 2: bits.2
            default: bits.3
            }
        return part >> (byte & 63) & 1 == 1
    }

    mutating func insert(_ byte: UInt8) {
        guard !contains(byte) else { return }
        let bit = UInt64(1) << (byte & 63)
        switch byte >> 6 {
        case 0: bits.0 |= bit
        case 1: bits.1 |= bit
        case 2: bits.2 |= bit
        default: bits.3 |= bit
        }
        count += 1
        onlyByte = count == 1 ? byte : nil
    }

    /// All others.
    var inverted: ByteSet {
        var set = ByteSet()
        for byte in UInt8.min...UInt8.max where !contains(byte) { set.insert(byte) }
        return set
    }

    static let all = ByteSet().inverted

    init() {}

    init(_ byte: UInt8) { insert(byte) }

    /// Both ends in either order, compared as the signed bytes that `char` is to the server.
    mutating func insert(from first: UInt8, to last: UInt8) {
        let ends = [Int8(bitPattern: first), Int8(bitPattern: last)].sorted()
        for byte in ends[0]...ends[1] { insert(UInt8(bitPattern: byte)) }
    }
}

extension KeyPattern {
    /// Takes a pattern apart, step by step.
    private struct Reader {
        var rest: ArraySlice<UInt8>

        mutating func next() -> Step? {
            guard let byte = rest.popFirst() else { return nil }
            switch byte {
            case UInt8(ascii: "*"): return .run
            case UInt8(ascii: "?"): return .one(.all)
            case UInt8(ascii: "["): return .one(readSet())
            // The last byte of a pattern escapes nothing.
            case UInt8(ascii: "\\"): return .one(ByteSet(rest.popFirst() ?? byte))
            default: return .one(ByteSet(byte))
            }
        }

        private mutating func readSet() -> ByteSet {
            let isInverted = rest.first == UInt8(ascii: "^")
            if isInverted { rest.removeFirst() }
            var set = ByteSet()
            while let byte = rest.popFirst() {
                if byte == UInt8(ascii: "\\"), let escaped = rest.popFirst() {
                    set.insert(escaped)
                } else if byte == UInt8(ascii: "]") {
                    break
                } else if rest.count >= 2, rest[rest.startIndex] == UInt8(ascii: "-") {
                    set.insert(from: byte, to: rest[rest.startIndex + 1])
                    rest.removeFirst(2)
                } else {
                    set.insert(byte)
                }
            }
            return isInverted ? set.inverted : set
        }
    }
}
