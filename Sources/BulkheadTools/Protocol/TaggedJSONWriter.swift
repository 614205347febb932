import BulkheadRESP

/// Writes one reply as tagged JSON, in pieces if it is long.
///
/// What is left to write lies on an explicit stack, so that neither the depth of a reply nor its size matters:
///
/// ```
///   {"t":"array","v":[{"t":"int","v":"1"},{"t":"set","v":[…
///   stack, bottom to top:  "]}"  rest of the array  "]}"  rest of the set
/// ```
struct TaggedJSONWriter: Sendable {
    private enum Pending {
        case text(StaticString)
        case value(RESPValue)
        /// Elements from `next` on; `pairs` wraps each two of them in brackets.
        case elements(RESPArray, next: Int, pairs: Bool)
        /// The digits of the bytes from `next` on.
        case hex(RESPBytes, next: Int)
    }

    /// Longer strings are left to the stack, so that the output never holds one whole.
    private static let inlineBytes = 4 << 10

    private var stack: [Pending] = []

    /// True if nothing is left to write.
    var isIdle: Bool { stack.isEmpty }

    /// Takes `reply` as the next thing to write.
    mutating func begin(_ reply: RESPValue) {
        stack.append(.value(reply))
    }

    /// Appends to `output` until it holds about `limit` bytes or all is written.
    mutating func write(to output: inout [UInt8], upTo limit: Int) {
        while output.count < limit, let pending = stack.popLast() {
            switch pending {
            case .text(let text):
                output.append(text)
            case .value(let value):
                open(value, in: &output)
            case .elements(let elements, let next, let pairs):
                write(elements, from: next, pairs: pairs, to: &output, upTo: limit)
            case .hex(let bytes, let next):
                let end = min(bytes.count, next + Self.inlineBytes)
                output.append(hex: bytes[next..<end])
                if end < bytes.count { stack.append(.hex(bytes, next: end)) }
            }
        }
    }

    /// Writes elements until one of them leaves work on the stack.
    private mutating func write(
        _ elements: RESPArray, from first: Int, pairs: Bool, to output: inout [UInt8], upTo limit: Int
    ) {
        let depth = stack.count
        var next = first
        while next < elements.count {
            let isValueOfPair = pairs && next % 2 == 1
            if next > 0 { output.append(isValueOfPair || !pairs ? "," : "],") }
            if pairs && !isValueOfPair { output.append("[") }
            let element = elements[next]
            next += 1
            open(element, in: &output)
            if stack.count > depth || output.count >= limit {
                // Below what the element left.
                stack.insert(.elements(elements, next: next, pairs: pairs), at: depth)
                return
            }
        }
        if pairs && !elements.isEmpty { output.append("]") }
    }

    /// Writes `value`, or its beginning; the rest of it goes onto the stack.
    private mutating func open(_ value: RESPValue, in output: inout [UInt8]) {
        switch value {
        case .simpleString(let text):
            output.append(#"{"t":"simple","v"#)
            writeLine(text, to: &output)
        case .error(let text):
            output.append(#"{"t":"error","v"#)
            writeLine(text, to: &output)
        case .integer(let number):
            output.append(#"{"t":"int","v":""#)
            output.append(text: String(number))
            output.append(#""}"#)
        case .bulkString(let bytes):
            output.append(#"{"t":"bulk","v_hex":""#)
            writeHex(bytes, to: &output)
        case .bulkError(let bytes):
            output.append(#"{"t":"blob_error","v_hex":""#)
            writeHex(bytes, to: &output)
        case .verbatimString(let verbatim):
            output.append(#"{"t":"verbatim","fmt":"#)
            output.append(jsonString: verbatim.format.utf8)
            output.append(#","v_hex":""#)
            writeHex(verbatim.content, to: &output)
        case .null:
            output.append(#"{"t":"null"}"#)
        case .boolean(let isTrue):
            output.append(isTrue ? #"{"t":"bool","v":true}"# : #"{"t":"bool","v":false}"#)
        case .double(let number):
            output.append(#"{"t":"double","v":""#)
            output.append(text: number.respText)
            output.append(#""}"#)
        case .bigNumber(let digits):
            output.append(#"{"t":"bignum","v":"#)
            output.append(jsonString: digits)
            output.append("}")
        case .array(let elements):
            open(#"{"t":"array","v":["#, elements, in: &output)
        case .set(let elements):
            open(#"{"t":"set","v":["#, elements, in: &output)
        case .push(let elements):
            open(#"{"t":"push","v":["#, elements, in: &output)
        case .map(let map):
            open(#"{"t":"map","v":["#, map.flat, pairs: true, in: &output)
        case .attribute(let attributed):
            stack.append(.text("}"))
            stack.append(.value(attributed.value))
            let map = attributed.attributes
            open(#"{"t":"attribute","attrs":["#, map.flat, pairs: true, close: #"],"value":"#, in: &output)
        }
    }

    private mutating func open(
        _ beginning: StaticString, _ elements: RESPArray, pairs: Bool = false, close: StaticString = "]}",
        in output: inout [UInt8]
    ) {
        output.append(beginning)
        stack.append(.text(close))
        stack.append(.elements(elements, next: 0, pairs: pairs))
    }

    /// A status or an error line: text where it is UTF-8, digits where it is not. The name `"v` stands open.
    private mutating func writeLine(_ line: RESPBytes, to output: inout [UInt8]) {
        if line.isUTF8 {
            output.append(#"":"#)
            output.append(jsonString: line)
            output.append("}")
        } else {
            output.append(#"_hex":""#)
            writeHex(line, to: &output)
        }
    }

    private mutating func writeHex(_ bytes: RESPBytes, to output: inout [UInt8]) {
        if bytes.count <= Self.inlineBytes {
            output.append(hex: bytes[...])
            output.append(#""}"#)
        } else {
            stack.append(.text(#""}"#))
            stack.append(.hex(bytes, next: 0))
        }
    }
}

extension RESPBytes {
    fileprivate var isUTF8: Bool {
        withUnsafeBytes { bytes in
            bytes.allSatisfy { $0 < 0x80 } || String(validating: bytes, as: UTF8.self) != nil
        }
    }
}
