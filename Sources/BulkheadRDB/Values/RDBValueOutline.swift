/// What a value holds, taken in element by element: for comparing values that are too large to be held decoded.
///
/// Strings, lists, sets, sorted sets and hashes have one, in every encoding. It is the same for two values that are
/// equivalent (``RDBValue/isEquivalent(to:)``), and for others by chance once in 2¹²⁸. Fields of a hash whose time has
/// passed are left out, if a time is given.
///
/// Memory: one element, or one packed group of them, and up to 24 bytes for each name that may stand there only once.
package struct RDBValueOutline: Sendable, Hashable {
    /// What `TYPE` calls it.
    package private(set) var typeName = ""
    /// Elements, without those that were left out.
    package private(set) var count = 0
    /// Bytes of the elements, which is the least that a server needs for them.
    package private(set) var contentBytes = 0
    /// The same in every process for equivalent values; against accidents alone.
    package private(set) var digest: UInt64 = 0
    /// By the process's own key, so that nobody can make two values that have the same.
    private var keyed = 0
    /// Fields that were left out.
    private var expired = 0

    /// All of its fields have passed: a server removes such a key.
    package var isOver: Bool { count == 0 && expired > 0 }

    package static func == (left: RDBValueOutline, right: RDBValueOutline) -> Bool {
        left.typeName == right.typeName && left.count == right.count && left.digest == right.digest
            && left.keyed == right.keyed
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(digest) }

    /// Nil for a type that has none. Throws what decoding throws for bytes that are no such value.
    ///
    /// - Parameter now: fields that end until then are left out, in milliseconds since 1970; nil leaves out none.
    /// - Complexity: O(*n*), and O(*n* log *n*) in the count of names.
    package init?(
        type: RDBType, body: ArraySlice<UInt8>, version: RDBVersion, at now: Int64? = nil
    ) throws(RDBViolation) {
        // Each element is given up before the next one is read, so what all of them take together is no matter.
        var value = ValueReader(body, limits: RDBValueLimits(valueBytes: .max))
        var taker = Taker(now: now)
        guard let name = try Self.read(type, version.flavour, &value, &taker) else { return nil }
        // What is wrong decoding says, and also that two names only looked the same.
        if !value.bytes.isAtEnd || taker.mayRepeat() {
            _ = try RDBValue(type: type, body: body, version: version)
        }
        self = taker.outline
        typeName = name
        digest &+= Self.mixed(Array(name.utf8).withUnsafeBytes { CRC64(of: $0).value })
    }

    /// The name of the type; nil for one whose values are not taken apart here.
    private static func read(
        _ type: RDBType, _ flavour: RDBVersion.Flavour, _ value: inout ValueReader, _ taker: inout Taker
    ) throws(RDBViolation) -> String? {
        switch (type, flavour) {
        case (.string, _):
            taker.take(element: try value.string())
            return "string"
        case (.list, _), (.listZiplist, _), (.listQuicklist, _), (.listQuicklist2, _):
            try readList(type, &value, &taker)
            return "list"
        case (.set, _):
            for _ in 0..<(try value.count(of: "strings")) { taker.take(member: try value.string()) }
            return "set"
        case (.setIntset, _):
            for member in try Intset.decode(try value.packed(), &value) { taker.take(member: member) }
            return "set"
        case (.setListpack, _):
            for member in try value.elements(of: Listpack.self) { taker.take(member: member) }
            return "set"
        case (.sortedSet, _): try SortedSet.each(&value, scores: .text) { taker.take($0) }
        case (.sortedSet2, _): try SortedSet.each(&value, scores: .doubles) { taker.take($0) }
        case (.sortedSetZiplist, _): try SortedSet.each(&value, packed: Ziplist.self) { taker.take($0) }
        case (.sortedSetListpack, _): try SortedSet.each(&value, packed: Listpack.self) { taker.take($0) }
        default: return try readHash(type, flavour, &value, &taker) ? "hash" : nil
        }
        return "zset"
    }

    private static func readList(
        _ type: RDBType, _ value: inout ValueReader, _ taker: inout Taker
    ) throws(RDBViolation) {
        switch type {
        case .listQuicklist: try Quicklist.each(&value) { taker.take(element: $0) }
        case .listQuicklist2: try Quicklist.each2(&value) { taker.take(element: $0) }
        case .listZiplist: for element in try value.elements(of: Ziplist.self) { taker.take(element: element) }
        default: for _ in 0..<(try value.count(of: "strings")) { taker.take(element: try value.string()) }
        }
    }

    /// False for what is no hash.
    private static func readHash(
        _ type: RDBType, _ flavour: RDBVersion.Flavour, _ value: inout ValueReader, _ taker: inout Taker
    ) throws(RDBViolation) -> Bool {
        switch (type, flavour) {
        case (.hash, _): try Hash.each(&value, times: .none) { taker.take($0) }
        case (.hashZipmap, _): for field in try Hash.decodeZipmap(&value) { taker.take(field) }
        case (.hashZiplist, _): try Hash.each(&value, packed: Ziplist.self, times: .none) { taker.take($0) }
        case (.hashListpack, _): try Hash.each(&value, packed: Listpack.self, times: .none) { taker.take($0) }
        case (.hashMetadataBefore74, .redis): try Hash.each(&value, times: .absolute) { taker.take($0) }
        case (.hashMetadata, .redis): try Hash.each(&value, times: .relative) { taker.take($0) }
        case (.hashListpackBefore74, .redis):
            try Hash.each(&value, packed: Listpack.self, times: .absolute) { taker.take($0) }
        case (.hashListpackEx, .redis):
            try Hash.each(&value, packed: Listpack.self, times: .relative) { taker.take($0) }
        case (.valkeyHash2, .valkey): try Hash.each(&value, times: .behind) { taker.take($0) }
        default: return false
        }
        return true
    }

    /// Takes elements in.
    private struct Taker {
        /// Fields that end until then are left out.
        let now: Int64?
        var outline = RDBValueOutline()
        /// Fingerprints of the names that may stand there once.
        private var names: [Int] = []
        /// The element under way.
        private var form = CanonicalBytes()

        init(now: Int64?) { self.now = now }

        /// What has an order: its place counts.
        mutating func take(element: [UInt8]) { add(element, number: UInt64(outline.count)) }

        mutating func take(member: [UInt8]) {
            remember(member)
            add(member)
        }

        mutating func take(_ member: RDBScoredMember) {
            remember(member.member)
            add(member.member, number: (member.score == 0 ? 0 : member.score).bitPattern)
            outline.contentBytes += MemoryLayout<Double>.size
        }

        mutating func take(_ field: RDBHashField) {
            remember(field.name)
            if let end = field.expiresAt, let now, end <= now {
                outline.expired += 1
            } else {
                add(field.name, field.value, number: UInt64(bitPattern: field.expiresAt ?? -1))
            }
        }

        /// Sums do not depend on the order of what is summed.
        private mutating func add(_ first: [UInt8], _ second: [UInt8] = [], number: UInt64 = 0) {
            form.clear()
            form.string(first)
            form.string(second)
            form.number(number)
            var hasher = Hasher()
            form.bytes.withUnsafeBytes {
                outline.digest &+= RDBValueOutline.mixed(CRC64(of: $0).value)
                hasher.combine(bytes: $0)
            }
            outline.keyed &+= hasher.finalize()
            outline.count += 1
            outline.contentBytes += first.count + second.count
        }

        private mutating func remember(_ name: [UInt8]) {
            var hasher = Hasher()
            name.withUnsafeBytes { hasher.combine(bytes: $0) }
            names.append(hasher.finalize())
        }

        /// Whether two names have one fingerprint; gives the fingerprints up.
        mutating func mayRepeat() -> Bool {
            names.sort()
            defer { names = [] }
            return zip(names, names.dropFirst()).contains { $0 == $1 }
        }
    }

    private init() {}

    /// Every bit depends on all others: sums of bare checksums would follow their linear laws.
    private static func mixed(_ number: UInt64) -> UInt64 {
        var number = number
        number = (number ^ number >> 33) &* 0xff51_afd7_ed55_8ccd
        number = (number ^ number >> 33) &* 0xc4ce_b9fe_1a85_ec53
        return number ^ number >> 33
    }
}

extension RDBValueOutline {
    /// In which way the other one, called the right one, differs, in words that hold nothing of a value; nil where
    /// both are the same.
    package func difference(from right: RDBValueOutline) -> String? {
        if self == right { return nil }
        if typeName != right.typeName {
            return "the left is of type \(typeName) and the right of type \(right.typeName)"
        }
        if count != right.count { return "the left has \(count) elements and the right \(right.count)" }
        return count == 1 ? "the content differs" : "some of \(count) elements differ"
    }
}

extension RDBValue {
    /// Without the fields of a hash that end until `now`, in milliseconds since 1970.
    package func live(at now: Int64) -> RDBValue {
        guard case .hash(let fields) = self else { return self }
        return .hash(fields.filter { $0.expiresAt.map { $0 > now } ?? true })
    }
}
