/// An element of a listpack or ziplist.
enum PackedItem: Equatable {
    case bytes(ArraySlice<UInt8>)
    /// Whose decimal text a server gives back.
    case integer(Int64)
}

/// A listpack or a ziplist: elements one behind the other, each once.
protocol PackedItems {
    /// Reads the head. Throws for one that contradicts the bytes there are.
    init(_ bytes: ByteReader) throws(RDBViolation)

    /// The next element; `nil` at the end, which is checked.
    mutating func next() throws(RDBViolation) -> PackedItem?

    /// The place in the value of the next element.
    var offset: Int { get }
}

extension PackedItems {
    /// An element that must be there.
    mutating func item(_ what: StaticString) throws(RDBViolation) -> PackedItem {
        let offset = offset
        guard let item = try next() else {
            throw RDBViolation(.malformed, at: offset, "the packed elements end before a \(what)")
        }
        return item
    }

    /// An integer that must be there.
    mutating func integer(_ what: StaticString) throws(RDBViolation) -> Int64 {
        let offset = offset
        guard case .integer(let number) = try item(what) else {
            throw RDBViolation(.malformed, at: offset, "the \(what) is no integer")
        }
        return number
    }

    /// A count, which must be there and not be negative.
    mutating func count(_ what: StaticString) throws(RDBViolation) -> Int {
        let offset = offset
        guard let count = Int(exactly: try integer(what)), count >= 0 else {
            throw RDBViolation(.malformed, at: offset, "the \(what) is out of range")
        }
        return count
    }
}
