import BulkheadCommands
package import BulkheadRESP

extension RedisVectorFormat {
    /// The numbers of a value; nil if it is none of this format, or has another dimension than was asked for.
    package func vector(in bytes: RESPBytes, of dimension: Int? = nil) -> [Float]? {
        let numbers: [Float]? =
            switch kind {
            case .float32: bytes.withUnsafeBytes { try? Float.unpack($0) }
            case .float64: bytes.withUnsafeBytes { Self.rounded($0) }
            case .text: Self.numbers(bytes, of: dimension)
            }
        return dimension == nil || numbers?.count == dimension ? numbers : nil
    }

    /// The value of a vector.
    func bytes(of vector: [Float]) -> RESPBytes {
        switch kind {
        case .float32:
            RESPBytes(vector.flatMap { number in withUnsafeBytes(of: number.bitPattern.littleEndian) { Array($0) } })
        case .float64:
            RESPBytes(
                vector.flatMap { number in
                    withUnsafeBytes(of: Double(number).bitPattern.littleEndian) { Array($0) }
                })
        case .text: RESPBytes("[" + vector.map { "\($0)" }.joined(separator: ",") + "]")
        }
    }

    private static func rounded(_ bytes: UnsafeRawBufferPointer) -> [Float]? {
        guard bytes.count % 8 == 0 else { return nil }
        return (0..<bytes.count / 8).map { index in
            let bits = bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)
            return Float(Double(bitPattern: UInt64(littleEndian: bits)))
        }
    }

    /// The numbers of a text; of one with more than were asked for, not all are read.
    private static func numbers(_ bytes: RESPBytes, of dimension: Int?) -> [Float]? {
        guard var text = bytes.text.map({ $0[...] }) else { return nil }
        text = text.trimmed
        if text.first == "[" {
            guard text.last == "]", text.count >= 2 else { return nil }
            text = text.dropFirst().dropLast().trimmed
        }
        let most = dimension ?? .max
        let words =
            text.contains(",")
            ? text.split(separator: ",", maxSplits: most, omittingEmptySubsequences: false)
            : text.split(maxSplits: most, whereSeparator: \.isWhitespace)
        guard words.count <= most else { return nil }
        var numbers: [Float] = []
        numbers.reserveCapacity(words.count)
        for word in words {
            guard let number = Float(word.trimmed) else { return nil }
            numbers.append(number)
        }
        return numbers
    }
}

extension Substring {
    /// Without white space at both ends.
    fileprivate var trimmed: Substring {
        var text = self
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
