/// Writes what two equal values have in common, so that their bytes are equal and those of others are not.
///
/// Numbers take 8 bytes, little-endian; strings, and counts of what repeats, have their count before them; so no two
/// values share their bytes.
struct CanonicalBytes {
    private(set) var bytes: [UInt8] = []

    /// Begins anew with the same memory.
    mutating func clear() { bytes.removeAll(keepingCapacity: true) }

    mutating func number(_ number: UInt64) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func number(_ number: Int64) { self.number(UInt64(bitPattern: number)) }

    mutating func string(_ string: [UInt8]) {
        number(UInt64(string.count))
        bytes.append(contentsOf: string)
    }

    mutating func id(_ id: RDBStream.ID) {
        number(id.milliseconds)
        number(id.sequence)
    }

    /// A number that may be missing.
    mutating func optional(_ number: Int64?) {
        bytes.append(number == nil ? 0 : 1)
        self.number(number ?? 0)
    }

    mutating func each<Element>(_ elements: [Element], _ write: (inout CanonicalBytes, Element) -> Void) {
        number(UInt64(elements.count))
        for element in elements { write(&self, element) }
    }

    /// In the order of their names.
    mutating func each<Element>(
        _ elements: [Element], by name: KeyPath<Element, [UInt8]>, _ write: (inout CanonicalBytes, Element) -> Void
    ) {
        each(elements.sorted { Self.precedes($0[keyPath: name], $1[keyPath: name]) }, write)
    }

    /// An order of byte strings: the shorter first, then by their bytes.
    static func precedes(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count ? left.lexicographicallyPrecedes(right) : left.count < right.count
    }
}
