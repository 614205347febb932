extension RDBValue {
    /// Reads the whole body of a value: all bytes between a key and the next record, or between the type byte and the
    /// footer of a DUMP payload.
    ///
    /// Throws ``RDBViolation`` with its place in `body` for bytes that contradict their format, a type that is not
    /// known, what a limit forbids, and bytes that are left over; nothing is kept then.
    /// - Parameter version: only its family counts, for the types 22 and 23.
    /// - Complexity: O(*n*) in the bytes after decompression.
    package init(
        type: RDBType, body: ArraySlice<UInt8>, version: RDBVersion, limits: RDBValueLimits = RDBValueLimits()
    ) throws(RDBViolation) {
        var value = ValueReader(body, limits: limits)
        self = try Self.decode(type, version.flavour, &value)
        guard value.bytes.isAtEnd else {
            throw value.bytes.malformed("\(value.bytes.remaining) bytes are left over behind a value")
        }
    }

    private static func decode(
        _ type: RDBType, _ flavour: RDBVersion.Flavour, _ value: inout ValueReader
    ) throws(RDBViolation) -> RDBValue {
        switch (type, flavour) {
        case (.string, _): .string(try value.string())

        case (.list, _): .list(try value.strings())
        case (.listZiplist, _): .list(try value.elements(of: Ziplist.self))
        case (.listQuicklist, _): .list(try Quicklist.decode(&value))
        case (.listQuicklist2, _): .list(try Quicklist.decode2(&value))

        case (.set, _): .set(try value.distinct(try value.strings()))
        case (.setIntset, _): .set(try Intset.decode(try value.packed(), &value))
        case (.setListpack, _): .set(try value.distinct(try value.elements(of: Listpack.self)))

        case (.sortedSet, _): .sortedSet(try SortedSet.decode(&value, scores: .text))
        case (.sortedSet2, _): .sortedSet(try SortedSet.decode(&value, scores: .doubles))
        case (.sortedSetZiplist, _): .sortedSet(try SortedSet.decode(&value, packed: Ziplist.self))
        case (.sortedSetListpack, _): .sortedSet(try SortedSet.decode(&value, packed: Listpack.self))

        case (.hash, _): .hash(try Hash.decode(&value, times: .none))
        case (.hashZipmap, _): .hash(try Hash.decodeZipmap(&value))
        case (.hashZiplist, _): .hash(try Hash.decode(&value, packed: Ziplist.self, times: .none))
        case (.hashListpack, _): .hash(try Hash.decode(&value, packed: Listpack.self, times: .none))
        case (.hashMetadataBefore74, .redis): .hash(try Hash.decode(&value, times: .absolute))
        case (.hashMetadata, .redis): .hash(try Hash.decode(&value, times: .relative))
        case (.hashListpackBefore74, .redis):
            .hash(try Hash.decode(&value, packed: Listpack.self, times: .absolute))
        case (.hashListpackEx, .redis): .hash(try Hash.decode(&value, packed: Listpack.self, times: .relative))
        case (.valkeyHash2, .valkey): .hash(try Hash.decode(&value, times: .behind))

        case (.stream, _): .stream(try RDBStream.decode(&value, form: 1))
        case (.stream2, _): .stream(try RDBStream.decode(&value, form: 2))
        case (.stream3, _): .stream(try RDBStream.decode(&value, form: 3))

        case (.stream4, .redis): .stream(try RDBStream.decode(&value, form: 4))
        case (.stream5, .redis): .stream(try RDBStream.decode(&value, form: 5))

        case (.array, .redis): .array(try RDBArray.decode(&value))
        case (.hashTemplateListpack, .redis), (.hashTemplateArray, .redis):
            .hash(try RDBHashTemplates().decode(type, &value))

        case (.module2, _): try RDBModuleValue.decode(&value)

        default: throw value.bytes.unknownType(type, flavour)
        }
    }
}

extension ValueReader {
    /// Length, then that many strings.
    mutating func strings() throws(RDBViolation) -> [[UInt8]] {
        let count = try count(of: "strings")
        var strings: [[UInt8]] = []
        strings.reserveCapacity(count)
        for _ in 0..<count { strings.append(try string()) }
        return strings
    }

    /// One string that holds packed elements.
    mutating func elements<Items: PackedItems>(of _: Items.Type) throws(RDBViolation) -> [[UInt8]] {
        var items = try Items(try packed())
        var elements: [[UInt8]] = []
        while let item = try items.next() { elements.append(try keep(item)) }
        return elements
    }

    /// The same strings, of which none stands there twice.
    mutating func distinct(_ strings: [[UInt8]]) throws(RDBViolation) -> [[UInt8]] {
        try bytes.requireDistinct(strings, "a member stands twice in a set")
        return strings
    }
}

extension ByteReader {
    /// Names the types that are known and not read.
    fileprivate func unknownType(_ type: RDBType, _ flavour: RDBVersion.Flavour) -> RDBViolation {
        if flavour == .redis, type == .hashTemplateListpackReference || type == .hashTemplateArrayReference {
            return RDBViolation(
                .unknownType, at: offset, "the hash's names are in a template of its file, which is not at hand")
        }
        let name = refusedRecord(type.rawValue, of: flavour) ?? "not known in \(flavour)"
        return RDBViolation(.unknownType, at: offset, "the type \(type.rawValue) is not read: \(name)")
    }
}
