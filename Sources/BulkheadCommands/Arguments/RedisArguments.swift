/// The arguments of a command under construction, its name the first.
///
/// Small arguments gather on the stack, and the finished command gets one block of the right size, or none. An
/// argument too large for that, such as a vector of an index, is copied once, straight into the command's memory.
///
/// It cannot be copied: what it writes to ends with the call that lent it.
public struct RedisArguments: ~Copyable {
    /// Where arguments gather; `first..<next` is written, and in front of it there is room for the count.
    private let scratch: UnsafeMutableRawPointer
    private var first: UnsafeMutableRawPointer
    private var next: UnsafeMutableRawPointer
    /// Points to what left the scratch because more came than it holds; empty for most commands. Each command would pay
    /// for a call that destroys it if the array were a member.
    private let overflow: UnsafeMutablePointer<[UInt8]>
    private var count = 0

    /// Commands up to this size cost one allocation at most, whatever their arguments.
    private static let scratchBytes = 512
    /// A type byte, the digits of any `Int`, CR LF.
    private static let longestHeader = 1 + 20 + 2
    /// What an argument needs beside its bytes.
    private static let framing = longestHeader + 2
    /// Reserved behind a large argument for the options that follow most: `PX 3600000 NX`.
    private static let roomForOptions = 64

    /// The bytes of a command: its name and what `build` appends.
    @usableFromInline
    static func encode(_ name: StaticString, _ build: (inout RedisArguments) -> Void) -> CommandBytes {
        encode { arguments in
            arguments.append(bytes: UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
            build(&arguments)
        }
    }

    /// The bytes of a command whose name is the first argument that `build` appends.
    static func encode(_ build: (inout RedisArguments) -> Void) -> CommandBytes {
        var overflow: [UInt8] = []
        return withUnsafeMutablePointer(to: &overflow) { overflow in
            withUnsafeTemporaryAllocation(byteCount: scratchBytes, alignment: 1) { scratch in
                var arguments = RedisArguments(scratch.baseAddress!, overflow)
                build(&arguments)
                return arguments.finish()
            }
        }
    }

    private init(_ scratch: UnsafeMutableRawPointer, _ overflow: UnsafeMutablePointer<[UInt8]>) {
        self.scratch = scratch
        self.overflow = overflow
        first = scratch + Self.longestHeader
        next = first
    }

    // MARK: Appending

    /// Appends one argument: these bytes.
    public mutating func append(bytes: UnsafeRawBufferPointer) {
        add(bytes)
    }

    /// Most arguments are text: another call for each would cost some twenty instructions.
    @inline(__always)
    private mutating func add(_ bytes: UnsafeRawBufferPointer) {
        count += 1
        guard bytes.count <= room - Self.framing else { return appendWithoutRoom(bytes) }
        next.writeHeader(UInt8(ascii: "$"), bytes.count)
        next.write(bytes)
        next.writeLineEnd()
    }

    /// Appends one argument: the UTF-8 of a word or text.
    public mutating func append(_ text: String) {
        if text.utf8.withContiguousStorageIfAvailable({ add(UnsafeRawBufferPointer($0)) }) != nil { return }
        var text = text
        text.withUTF8 { append(bytes: UnsafeRawBufferPointer($0)) }
    }

    /// Appends one argument: a number in decimal.
    public mutating func append(_ number: Int64) {
        let digits = number.magnitude.decimalDigits
        let length = number < 0 ? digits + 1 : digits
        count += 1
        if length > room - Self.framing { moveOut() }
        next.writeHeader(UInt8(ascii: "$"), length)
        if number < 0 { next.write(UInt8(ascii: "-")) }
        next.writeDecimal(number.magnitude, digits: digits)
        next.writeLineEnd()
    }

    /// Appends one argument.
    @inlinable
    public mutating func append(_ value: some RedisArgument) {
        value.append(to: &self)
    }

    /// Appends one argument for each value.
    @inlinable
    public mutating func append(contentsOf values: some Sequence<some RedisArgument>) {
        for value in values { value.append(to: &self) }
    }

    // MARK: The way out of the scratch

    /// Bytes that the scratch still takes.
    private var room: Int { scratch + Self.scratchBytes - next }

    /// What the scratch holds.
    private var written: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: first, count: next - first) }

    private mutating func appendWithoutRoom(_ bytes: UnsafeRawBufferPointer) {
        moveOut(reserving: Self.framing + bytes.count + Self.roomForOptions)
        next.writeHeader(UInt8(ascii: "$"), bytes.count)
        if bytes.count <= room - Self.framing {
            next.write(bytes)
        } else {
            moveOut()
            overflow.pointee.append(contentsOf: bytes)
        }
        next.writeLineEnd()
    }

    /// Empties the scratch into the command's own memory.
    private mutating func moveOut(reserving capacity: Int = 0) {
        if overflow.pointee.isEmpty {
            writeCount(0)  // corrected by `finish`, which knows it
            // Only the first time: later the array grows by doubling, so that no byte moves too often.
            overflow.pointee.reserveCapacity(written.count + capacity)
        }
        overflow.pointee.append(contentsOf: written)
        first = scratch
        next = scratch
    }

    private consuming func finish() -> CommandBytes {
        if overflow.pointee.isEmpty {
            writeCount(count)
            return CommandBytes(copying: written)
        }
        moveOut()
        if count < 10 {
            overflow.pointee[1] = UInt8(ascii: "0") + UInt8(count)
        } else {
            overflow.pointee.replaceSubrange(1..<2, with: String(count).utf8)
        }
        return CommandBytes(overflow.pointee)
    }

    /// Writes the header of the command in front of its arguments.
    private mutating func writeCount(_ count: Int) {
        first -= 1 + UInt64(count).decimalDigits + 2
        var header = first
        header.writeHeader(UInt8(ascii: "*"), count)
    }
}

/// Writing from the front, each step behind the last; there is room enough.
extension UnsafeMutableRawPointer {
    fileprivate mutating func writeHeader(_ type: UInt8, _ number: Int) {
        let number = UInt64(number)
        if number < 10 {
            // Most: `$3` and its line end are one store.
            let line = UInt32(type) | (UInt32(UInt8(ascii: "0")) + UInt32(number)) << 8 | 0x0a0d << 16
            storeBytes(of: line.littleEndian, as: UInt32.self)
            self += 4
            return
        }
        write(type)
        writeDecimal(number, digits: number.decimalDigits)
        writeLineEnd()
    }

    fileprivate mutating func writeDecimal(_ number: UInt64, digits: Int) {
        var rest = number
        var place = digits
        while rest >= 10 {
            place -= 1
            storeBytes(of: UInt8(ascii: "0") + UInt8(rest % 10), toByteOffset: place, as: UInt8.self)
            rest /= 10
        }
        storeBytes(of: UInt8(ascii: "0") + UInt8(rest), as: UInt8.self)
        self += digits
    }

    fileprivate mutating func writeLineEnd() {
        write(UInt8(ascii: "\r"))
        write(UInt8(ascii: "\n"))
    }

    fileprivate mutating func write(_ byte: UInt8) {
        storeBytes(of: byte, as: UInt8.self)
        self += 1
    }

    fileprivate mutating func write(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        copyMemory(from: start, byteCount: bytes.count)
        self += bytes.count
    }
}

extension UInt64 {
    /// How many digits it has in decimal.
    fileprivate var decimalDigits: Int {
        var digits = 1
        var limit: UInt64 = 10
        while self >= limit {
            digits += 1
            let (next, isBeyond) = limit.multipliedReportingOverflow(by: 10)
            if isBeyond { break }
            limit = next
        }
        return digits
    }
}
