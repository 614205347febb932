/// Writes a snapshot, record by record, into a buffer that its caller takes from time to time.
///
/// ```swift
/// var writer = RDBWriter(version)
/// writer.select(0, keys: 1, expires: 0)
/// writer.key("greeting".utf8, type: .string)
/// writer.body(value)                          // as in a file, or in a DUMP payload without its footer
/// writer.end()
/// writer.take(into: &block)                   // and write the block
/// ```
///
/// The order is the caller's: AUX fields, functions, then for each database its number and its keys, then the end.
/// What is written is checked by nobody; the checksum is right.
package struct RDBWriter: Sendable {
    private var output: [UInt8] = []
    /// The checksum of what was taken.
    private var sum = CRC64()
    private var takenBytes = 0
    private let hasChecksum: Bool

    /// Begins a snapshot of this version.
    package init(_ version: RDBVersion) {
        hasChecksum = version.number >= RDBVersion.firstWithChecksum
        let number = String(version.number)
        let digits = String(repeating: "0", count: max(0, 3 - number.utf8.count)) + number
        append((version.flavour == .redis ? "REDIS0" : "VALKEY") + digits)
    }

    /// Bytes of the snapshot so far.
    package var count: Int { takenBytes + output.count }
    /// Bytes that wait to be taken.
    package var pending: Int { output.count }

    /// Gives what has been written since the last time, in exchange for a buffer that is used from here on; what the
    /// buffer holds is dropped. Take every MiB or so: nothing else bounds the buffer.
    package mutating func take(into block: inout [UInt8]) {
        sumUp()
        takenBytes += output.count
        summed = 0
        block.removeAll(keepingCapacity: true)
        swap(&block, &output)
    }

    /// Bytes of `output` that are in the checksum.
    private var summed = 0

    private mutating func sumUp() {
        output.withUnsafeBytes { sum.update(UnsafeRawBufferPointer(rebasing: $0[summed...])) }
        summed = output.count
    }

    // MARK: Records

    /// A field about the file or its server.
    package mutating func aux(_ name: String, _ value: String) {
        output.append(RDBOpcode.aux)
        append(length: name.utf8.count)
        append(name)
        append(length: value.utf8.count)
        append(value)
    }

    /// A database begins; with how many keys it has and how many of them expire, where that is known.
    package mutating func select(_ database: Int, size: (keys: Int, expires: Int)? = nil) {
        output.append(RDBOpcode.selectDatabase)
        append(length: database)
        guard let size else { return }
        output.append(RDBOpcode.resizeDatabase)
        append(length: size.keys)
        append(length: size.expires)
    }

    /// A key begins; ``body(_:)`` gives its value. `expiry` is in milliseconds since 1970, `idle` in seconds.
    package mutating func key(
        _ key: UnsafeRawBufferPointer, type: RDBType, expiry: Int64? = nil, idle: Int? = nil, frequency: UInt8? = nil
    ) {
        if let expiry {
            output.append(RDBOpcode.expiryMilliseconds)
            withUnsafeBytes(of: expiry.littleEndian) { output.append(contentsOf: $0) }
        }
        if let idle {
            output.append(RDBOpcode.idle)
            append(length: idle)
        }
        if let frequency { output += [RDBOpcode.frequency, frequency] }
        output.append(type.rawValue)
        append(length: key.count)
        output.append(contentsOf: key)
    }

    /// Bytes as they are: a record or its head taken from another snapshot, or the next part of a body.
    package mutating func body(_ bytes: UnsafeRawBufferPointer) {
        output.append(contentsOf: bytes)
    }

    /// The end of the snapshot: nothing may follow.
    package mutating func end() {
        output.append(RDBOpcode.end)
        sumUp()
        guard hasChecksum else { return }
        withUnsafeBytes(of: sum.value.littleEndian) { output.append(contentsOf: $0) }
        summed = output.count
    }

    // MARK: Parts

    private mutating func append(_ text: String) { output.append(contentsOf: text.utf8) }

    private mutating func append(length: Int) { output.append(length: length) }
}

extension [UInt8] {
    /// A length in the shortest encoding.
    mutating func append(length: Int) {
        switch length {
        case ..<0x40: append(UInt8(length))
        case ..<0x4000: self += [0x40 | UInt8(length >> 8), UInt8(length & 0xff)]
        case ...Int(UInt32.max):
            append(0x80)
            Swift.withUnsafeBytes(of: UInt32(length).bigEndian) { append(contentsOf: $0) }
        default:
            append(0x81)
            Swift.withUnsafeBytes(of: UInt64(length).bigEndian) { append(contentsOf: $0) }
        }
    }
}
