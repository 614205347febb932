/// Members and scores.
///
/// ```
/// type 3:      length, then as many times a string and a score as text: a byte 0...252 and so many characters,
///              or 253 NaN, 254 +inf, 255 -inf
/// type 5:      length, then as many times a string and a double of 8 bytes, little-endian
/// type 12, 17: a string with a ziplist or listpack: member, score, member, score …; a score is an integer or text
/// ```
///
/// No server can hold the score NaN, nor a member twice: they are violations.
/// Source: `rdbLoadObject` in `src/rdb.c` and `zzlGetScore` in `src/t_zset.c` of Redis.
enum SortedSet {
    enum Scores {
        case text, doubles
    }

    /// Characters of a score; the longest that servers write have 25.
    private static let longestScore = 127

    static func decode(_ value: inout ValueReader, scores: Scores) throws(RDBViolation) -> [RDBScoredMember] {
        var members: [RDBScoredMember] = []
        try each(&value, scores: scores) { members.append($0) }
        try value.bytes.requireDistinct(members.lazy.map(\.member), "a member stands twice in a sorted set")
        return members
    }

    static func decode<Items: PackedItems>(
        _ value: inout ValueReader, packed items: Items.Type
    ) throws(RDBViolation) -> [RDBScoredMember] {
        var members: [RDBScoredMember] = []
        try each(&value, packed: items) { members.append($0) }
        try value.bytes.requireDistinct(members.lazy.map(\.member), "a member stands twice in a sorted set")
        return members
    }

    /// Hands out the members one by one, and does not look for one that stands twice.
    static func each(
        _ value: inout ValueReader, scores: Scores, _ take: (RDBScoredMember) -> Void
    ) throws(RDBViolation) {
        let count = try value.count(of: "members", bytesEach: scores == .text ? 2 : 9)
        for _ in 0..<count {
            let member = try value.string()
            let unread = value.bytes
            let score = scores == .text ? try textScore(&value) : try doubleScore(&value.bytes)
            guard !score.isNaN else { throw unread.malformed("a score is not a number") }
            take(RDBScoredMember(member: member, score: score))
        }
    }

    static func each<Items: PackedItems>(
        _ value: inout ValueReader, packed _: Items.Type, _ take: (RDBScoredMember) -> Void
    ) throws(RDBViolation) {
        var items = try Items(try value.packed())
        while let item = try items.next() {
            let offset = items.offset
            let score: Double
            switch try items.item("score") {
            case .integer(let number): score = Double(number)
            case .bytes(let text): score = try Self.score(text, at: offset)
            }
            take(RDBScoredMember(member: try value.keep(item), score: score))
        }
    }

    private static func textScore(_ value: inout ValueReader) throws(RDBViolation) -> Double {
        let offset = value.bytes.offset
        switch try value.bytes.byte() {
        case 253: return .nan
        case 254: return .infinity
        case 255: return -.infinity
        case let length: return try score(try value.bytes.take(UInt64(length)), at: offset)
        }
    }

    private static func doubleScore(_ bytes: inout ByteReader) throws(RDBViolation) -> Double {
        Double(bitPattern: try bytes.littleEndian(UInt64.self))
    }

    private static func score(_ text: ArraySlice<UInt8>, at offset: Int) throws(RDBViolation) -> Double {
        guard text.count <= longestScore, let score = Double(String(decoding: text, as: UTF8.self)), !score.isNaN
        else { throw RDBViolation(.malformed, at: offset, "a score is no number") }
        return score
    }
}
