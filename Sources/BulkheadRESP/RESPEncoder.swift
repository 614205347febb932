/// Writes commands, and any other value, as RESP.
///
/// ```swift
/// var encoder = RESPEncoder()
/// encoder.command(argumentCount: 2)
/// encoder.argument("GET")
/// encoder.argument("doc:1")
/// encoder.bytes                 // *2 $3 GET $5 doc:1
/// ```
///
/// Appending costs one copy of the bytes and no other allocation than the growth of ``bytes``.
public struct RESPEncoder: Sendable {
    /// What has been written so far.
    public private(set) var bytes: [UInt8] = []

    /// Nothing written yet.
    public init() {}

    /// Reserves space for `capacity` bytes.
    public init(capacity: Int) {
        bytes.reserveCapacity(capacity)
    }

    // MARK: Commands

    /// Begins a command; exactly `argumentCount` arguments must follow, the command's name the first.
    public mutating func command(argumentCount: Int) {
        header(UInt8(ascii: "*"), argumentCount)
    }

    /// Begins a command with its name, the first of `argumentCount` arguments; the others must follow.
    ///
    /// Costs as much as one argument.
    public mutating func command(_ name: String, argumentCount: Int) {
        name.withContiguousUTF8 { string(UInt8(ascii: "$"), $0, behindCount: argumentCount) }
    }

    /// Appends one argument of a command.
    public mutating func argument(_ argument: UnsafeRawBufferPointer) {
        string(UInt8(ascii: "$"), argument)
    }

    /// Appends one argument of a command: the UTF-8 of `text`.
    public mutating func argument(_ text: String) {
        text.withContiguousUTF8 { argument($0) }
    }

    /// Appends one argument of a command: the decimal digits of `number`.
    public mutating func argument(_ number: Int64) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.longestDecimal) { space in
            var digits = Composition(space)
            digits.decimal(number)
            argument(UnsafeRawBufferPointer(digits.written))
        }
    }

    /// Appends bytes that are RESP already.
    public mutating func append(encoded: some Sequence<UInt8>) {
        bytes.append(contentsOf: encoded)
    }

    // MARK: Strings and lines

    /// Shorter strings are put together with their header and end, and appended at once.
    private static let composedString = 256
    /// `-9223372036854775808`
    private static let longestDecimal = 20

    /// A type with a length: header, content, CR LF; behind the header of a command if there is a count.
    mutating func string(_ type: UInt8, _ content: UnsafeRawBufferPointer, behindCount count: Int? = nil) {
        guard content.count <= Self.composedString else {
            if let count { header(UInt8(ascii: "*"), count) }
            header(type, content.count)
            bytes.append(contentsOf: content)
            return endLine()
        }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.composedString + 2 * Self.longestDecimal + 8) {
            var string = Composition($0)
            if let count { string.header(UInt8(ascii: "*"), count) }
            string.header(type, content.count)
            string.bytes(content)
            string.endLine()
            bytes.append(contentsOf: string.written)
        }
    }

    mutating func header(_ type: UInt8, _ number: Int) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.longestDecimal + 3) {
            var header = Composition($0)
            header.header(type, number)
            bytes.append(contentsOf: header.written)
        }
    }

    /// CR and LF would end the line early: they become spaces, as servers write them.
    mutating func line(_ type: UInt8, _ content: some Sequence<UInt8>) {
        bytes.append(type)
        for byte in content {
            bytes.append(byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\n") ? UInt8(ascii: " ") : byte)
        }
        endLine()
    }

    mutating func endLine() {
        bytes.append(UInt8(ascii: "\r"))
        bytes.append(UInt8(ascii: "\n"))
    }
}

/// Bytes put together on the stack, to be appended at once: at each append an array asks whether it is shared and has
/// room, which costs more than a few bytes do.
private struct Composition {
    private let start: UnsafeMutablePointer<UInt8>
    private var next: UnsafeMutablePointer<UInt8>

    /// `space` must hold all that is put together in it.
    init(_ space: UnsafeMutableBufferPointer<UInt8>) {
        start = space.baseAddress.unsafelyUnwrapped
        next = start
    }

    var written: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: start, count: next - start) }

    mutating func byte(_ byte: UInt8) {
        next.initialize(to: byte)
        next += 1
    }

    mutating func header(_ type: UInt8, _ number: Int) {
        byte(type)
        decimal(Int64(number))
        endLine()
    }

    mutating func endLine() {
        byte(UInt8(ascii: "\r"))
        byte(UInt8(ascii: "\n"))
    }

    mutating func bytes(_ content: UnsafeRawBufferPointer) {
        guard let source = content.baseAddress else { return }
        UnsafeMutableRawPointer(next).copyMemory(from: source, byteCount: content.count)
        next += content.count
    }

    mutating func decimal(_ number: Int64) {
        var rest = number.magnitude
        if number < 0 { byte(UInt8(ascii: "-")) }
        if rest < 10 { return byte(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest)) }
        var count = 2
        var bound: UInt64 = 100
        // Ten to the 19th fits, and no magnitude of an Int64 is as large.
        while rest >= bound {
            count += 1
            bound *= 10
        }
        next += count
        var place = next
        repeat {
            place -= 1
            place.initialize(to: UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
    }
}

extension String {
    /// The UTF-8 in place; a copy of it where the text is not stored as UTF-8, as strings bridged on Darwin are not.
    fileprivate func withContiguousUTF8(_ body: (UnsafeRawBufferPointer) -> Void) {
        let done: Void? = utf8.withContiguousStorageIfAvailable { body(UnsafeRawBufferPointer($0)) }
        if done == nil { Array(utf8).withUnsafeBytes(body) }
    }
}
