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

    /// Corrects the count of the one command written, which began as one of no arguments; moves its bytes only from
    /// ten arguments on.
    package mutating func setArgumentCount(_ count: Int) {
        bytes.replaceSubrange(1..<2, with: String(count).utf8)
    }

    /// Appends one argument of a command.
    public mutating func argument(_ argument: UnsafeRawBufferPointer) {
        header(UInt8(ascii: "$"), argument.count)
        bytes.append(contentsOf: argument)
        endLine()
    }

    /// Appends one argument of a command: the UTF-8 of `text`.
    public mutating func argument(_ text: String) {
        var text = text
        text.withUTF8 { argument(UnsafeRawBufferPointer($0)) }
    }

    /// Appends one argument of a command: the decimal digits of `number`.
    public mutating func argument(_ number: Int64) {
        withDecimal(number) { encoder, digits in encoder.argument(digits) }
    }

    /// Appends bytes that are RESP already.
    public mutating func append(encoded: some Sequence<UInt8>) {
        bytes.append(contentsOf: encoded)
    }

    // MARK: Lines

    mutating func header(_ type: UInt8, _ number: Int) {
        bytes.append(type)
        if number >= 0 && number < 10 {
            bytes.append(UInt8(ascii: "0") + UInt8(number))
        } else {
            withDecimal(Int64(number)) { encoder, digits in encoder.bytes.append(contentsOf: digits) }
        }
        endLine()
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

    private mutating func withDecimal(
        _ number: Int64, _ body: (inout RESPEncoder, UnsafeRawBufferPointer) -> Void
    ) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var first = 20
            var rest = number.magnitude
            repeat {
                first -= 1
                digits[first] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            if number < 0 {
                first -= 1
                digits[first] = UInt8(ascii: "-")
            }
            body(&self, UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(digits)[first...]))
        }
    }
}
