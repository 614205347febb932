// The first line of every type. A header is decoded whole or not at all: when its end has not arrived, nothing
// changes but `searched`, which keeps a long line linear.

extension RESPDecoder {
    mutating func decodeHeader() throws(RESPViolation) -> Step {
        guard position < end else { return .starved }
        switch buffer.start[position] {
        case UInt8(ascii: "$"): return try decodeBulkHeader(.bulkString)
        case UInt8(ascii: ":"): return try decodeInteger()
        case UInt8(ascii: "*"): return try decodeAggregateHeader(.array)
        case UInt8(ascii: "+"):
            guard let line = try takeLine() else { return .starved }
            return .value(.simpleString(line))
        case UInt8(ascii: "-"):
            guard let line = try takeLine() else { return .starved }
            return .value(.error(line))
        case UInt8(ascii: "%"): return try decodeAggregateHeader(.map)
        case UInt8(ascii: "~"): return try decodeAggregateHeader(.set)
        case UInt8(ascii: ">"): return try decodeAggregateHeader(.push)
        case UInt8(ascii: "|"): return try decodeAggregateHeader(.attribute)
        case UInt8(ascii: "_"): return try decodeNull()
        case UInt8(ascii: "#"): return try decodeBoolean()
        case UInt8(ascii: ","): return try decodeDouble()
        case UInt8(ascii: "("): return try decodeBigNumber()
        case UInt8(ascii: "!"): return try decodeBulkHeader(.bulkError)
        case UInt8(ascii: "="): return try decodeBulkHeader(.verbatim)
        case UInt8(ascii: ";"): return try decodeBulkHeader(.streamPart)
        case UInt8(ascii: "."): return try decodeStreamEnd()
        case let byte:
            throw violated(.unknownType, at: position, "expected a type byte, found 0x\(String(byte, radix: 16))")
        }
    }

    // MARK: Strings

    private mutating func decodeBulkHeader(_ kind: BodyKind) throws(RESPViolation) -> Step {
        let header = position
        guard let length = try takeLength() else { return .starved }
        try checkStringPlace(kind, at: header)
        switch length {
        case .null:
            guard kind == .bulkString else {
                throw violated(.malformedLength, at: header + 1, "only bulk strings and arrays can be null")
            }
            return .value(.null)
        case .streamed:
            guard kind == .bulkString else {
                throw violated(.malformedLength, at: header + 1, "this type cannot be streamed")
            }
            try checkDepth(at: header)
            stack.append(Frame(kind: .streamedString, remaining: nil, elements: ElementBuilder()))
            return .opened
        case .counted(let length):
            let before = kind == .streamPart ? stack[stack.count - 1].streamedBytes : 0
            guard length <= limits.bulkBytes - before else {
                throw violated(.bulkTooLong, at: header + 1, "a string of more than \(limits.bulkBytes) bytes")
            }
            if kind == .streamPart {
                if length == 0 { return close().map { .value($0) } ?? .opened }
                try checkMemory(adding: RESPLimits.streamedValueBytes, at: header + 1)
            }
            try checkReplyLength(adding: length + 2, at: header + 1)
            state =
                length > Self.ownBlockBytes
                ? .largeBody(kind, LargeBody(length: length)) : .body(kind, length: length)
            return .opened
        }
    }

    /// Parts belong into an open streamed string, and nothing else does.
    private func checkStringPlace(_ kind: BodyKind, at index: Int) throws(RESPViolation) {
        let streaming = stack.last?.kind == .streamedString
        guard streaming != (kind == .streamPart) else { return }
        throw violated(
            .malformedStream, at: index,
            streaming ? "expected the next part of a streamed string" : "a string part outside a streamed string")
    }

    // MARK: Numbers and constants

    private mutating func decodeInteger() throws(RESPViolation) -> Step {
        try checkNoStreamedString()
        let start = buffer.start
        var index = position + 1
        var negative = false
        if index < end, start[index] == UInt8(ascii: "-") || start[index] == UInt8(ascii: "+") {
            negative = start[index] == UInt8(ascii: "-")
            index += 1
        }
        let firstDigit = index
        var magnitude: UInt64 = 0
        let limit = longestLineEnd
        while index < limit {
            let digit = UInt64(start[index] &- UInt8(ascii: "0"))
            guard digit <= 9 else { break }
            // Nineteen digits cannot overflow 64 unsigned bits. More are never needed, and endless zeros would be
            // read again and again.
            guard index - firstDigit < 19 else {
                throw violated(.malformedInteger, at: index, "an integer of more than 19 digits")
            }
            magnitude = magnitude &* 10 &+ digit
            index += 1
        }
        try checkLineLength(upTo: index)
        guard index < end else { return .starved }
        guard index > firstDigit else {
            throw violated(.malformedInteger, at: index, "expected a digit of an integer")
        }
        guard magnitude <= (negative ? 1 << 63 : (1 << 63) - 1) else {
            throw violated(.malformedInteger, at: firstDigit, "an integer of more than 64 bits")
        }
        guard try takeLineEnd(at: index, .malformedInteger, "expected a digit of an integer") else { return .starved }
        return .value(.integer(negative ? Int64(truncatingIfNeeded: 0 &- magnitude) : Int64(magnitude)))
    }

    private mutating func decodeNull() throws(RESPViolation) -> Step {
        try checkNoStreamedString()
        guard position + 1 < end else { return .starved }
        guard try takeLineEnd(at: position + 1, .malformedNull, "a null holds nothing") else { return .starved }
        return .value(.null)
    }

    private mutating func decodeBoolean() throws(RESPViolation) -> Step {
        try checkNoStreamedString()
        guard position + 1 < end else { return .starved }
        let letter = buffer.start[position + 1]
        guard letter == UInt8(ascii: "t") || letter == UInt8(ascii: "f") else {
            throw violated(.malformedBoolean, at: position + 1, "expected t or f")
        }
        guard position + 2 < end else { return .starved }
        guard try takeLineEnd(at: position + 2, .malformedBoolean, "expected the end of a boolean") else {
            return .starved
        }
        return .value(.boolean(letter == UInt8(ascii: "t")))
    }

    private mutating func decodeDouble() throws(RESPViolation) -> Step {
        let content = position + 1
        guard let line = try takeLine() else { return .starved }
        guard let number = Double(resp: line) else {
            throw violated(.malformedDouble, at: content, "expected a decimal number, inf, -inf or nan")
        }
        return .value(.double(number))
    }

    private mutating func decodeBigNumber() throws(RESPViolation) -> Step {
        let content = position + 1
        guard let line = try takeLine() else { return .starved }
        let signed = line.first == UInt8(ascii: "-") || line.first == UInt8(ascii: "+")
        let digits = line.dropFirst(signed ? 1 : 0)
        if digits.isEmpty {
            throw violated(.malformedBigNumber, at: content + line.count, "expected a digit of a big number")
        }
        if let wrong = digits.firstIndex(where: { $0 < UInt8(ascii: "0") || $0 > UInt8(ascii: "9") }) {
            throw violated(.malformedBigNumber, at: content + wrong, "expected a digit of a big number")
        }
        return .value(.bigNumber(line))
    }

    // MARK: Aggregates

    private mutating func decodeAggregateHeader(_ kind: Frame.Kind) throws(RESPViolation) -> Step {
        let header = position
        try checkNoStreamedString()
        guard let length = try takeLength() else { return .starved }
        switch length {
        case .null:
            guard kind == .array else {
                throw violated(.malformedLength, at: header + 1, "only bulk strings and arrays can be null")
            }
            return .value(.null)
        case .streamed:
            guard kind == .array || kind == .set || kind == .map else {
                throw violated(.malformedLength, at: header + 1, "this type cannot be streamed")
            }
            try checkDepth(at: header)
            try checkMemory(adding: RESPLimits.memory(of: 0), at: header + 1)
            replyMemory += RESPLimits.memory(of: 0)
            stack.append(Frame(kind: kind, remaining: nil, elements: ElementBuilder()))
            return .opened
        case .counted(let count):
            guard count <= limits.elements else {
                throw violated(.tooManyElements, at: header + 1, "more than \(limits.elements) elements")
            }
            try checkDepth(at: header)
            let values = kind == .map || kind == .attribute ? 2 * count : count
            // An attribute is one aggregate more: of its map and the value it describes.
            let memory = RESPLimits.memory(of: values) + (kind == .attribute ? RESPLimits.memory(of: 2) : 0)
            try checkMemory(adding: memory, at: header + 1)
            replyMemory += memory
            let reserved = reservation(for: values, arrived: end - position, depth: stack.count + 1)
            stack.append(Frame(kind: kind, remaining: values, elements: ElementBuilder(capacity: reserved)))
            guard values == 0 else { return .opened }
            return close().map { .value($0) } ?? .opened
        }
    }

    private mutating func decodeStreamEnd() throws(RESPViolation) -> Step {
        guard position + 1 < end else { return .starved }
        guard let frame = stack.last, frame.remaining == nil, frame.kind != .streamedString else {
            throw violated(.malformedStream, at: position, "the end of a stream where none is open")
        }
        if attributes.last?.depth == stack.count {
            throw violated(.malformedStream, at: position, "an attribute without the value it describes")
        }
        if frame.kind == .map && frame.elements.count % 2 == 1 {
            throw violated(.malformedStream, at: position, "a map that ends behind a key")
        }
        guard try takeLineEnd(at: position + 1, .malformedTerminator, "expected the end of a line") else {
            return .starved
        }
        return close().map { .value($0) } ?? .opened
    }

    // MARK: Checks

    private func checkNoStreamedString() throws(RESPViolation) {
        guard stack.last?.kind == .streamedString else { return }
        throw violated(.malformedStream, at: position, "expected the next part of a streamed string")
    }

    private func checkDepth(at index: Int) throws(RESPViolation) {
        guard stack.count + attributes.count < limits.depth else {
            throw violated(.tooDeep, at: index, "more than \(limits.depth) levels of nesting")
        }
    }

    /// A streamed aggregate declares no count: each element is checked where it begins.
    func checkStreamedElement() throws(RESPViolation) {
        let top = stack.count - 1
        guard stack[top].remaining == nil, stack[top].kind != .streamedString, position < end,
            buffer.start[position] != UInt8(ascii: ".")
        else { return }
        let values = stack[top].kind == .map ? 2 * limits.elements : limits.elements
        guard stack[top].elements.count < values else {
            throw violated(.tooManyElements, at: position, "more than \(limits.elements) elements")
        }
        try checkMemory(adding: RESPLimits.streamedValueBytes, at: position)
    }

    /// Declared values count at once, so that a reply that would cost too much is refused before it is received.
    private func checkMemory(adding bytes: Int, at index: Int) throws(RESPViolation) {
        guard replyMemory <= limits.memoryBytes - bytes else {
            throw violated(
                .tooMuchMemory, at: index, "a reply whose values take more than \(limits.memoryBytes) bytes of memory")
        }
    }

    /// Declared bytes count at once, so that an overlong reply is refused before it is received.
    func checkReplyLength(adding bytes: Int, at index: Int) throws(RESPViolation) {
        guard offset - replyStart <= limits.replyBytes - bytes else {
            throw violated(.replyTooLong, at: index, "a reply of more than \(limits.replyBytes) bytes")
        }
    }
}
