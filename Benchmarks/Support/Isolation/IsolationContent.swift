/// The keys and values of the benchmark: the same on every machine for the same seed.
package struct IsolationContent: Sendable {
    /// What every key begins with; empty on a server of one's own.
    package let prefix: String
    package let seed: UInt64

    package init(prefix: String, seed: UInt64) {
        self.prefix = prefix
        self.seed = seed
    }

    /// The key of one cached value.
    package func cacheKey(_ index: Int) -> String { "\(prefix)cache:page:\(index)" }

    /// One cached value: printable bytes.
    package func cacheValue(_ index: Int, size: Int) -> [UInt8] {
        var generator = generator(.cache, index)
        return (0..<size).map { _ in UInt8(ascii: "a") + UInt8(generator.next() % 26) }
    }

    /// What MATCH finds the vectors by.
    package var vectorPattern: String { prefix + "llama_index/*" }

    /// The key of one vector, as LlamaIndex names it: `llama_index/vector_<uuid>`.
    package func vectorKey(_ index: Int) -> String { "\(prefix)llama_index/vector_\(identifier(.vectorID, index))" }

    /// One vector with what LlamaIndex keeps beside it.
    package func vector(_ index: Int, dimensions: Int) -> Vector {
        var generator = generator(.vector, index)
        let words = (0..<Self.wordsOfText).map { _ in Self.words[Int(generator.next() % UInt64(Self.words.count))] }
        return Vector(
            key: vectorKey(index), id: identifier(.vectorID, index),
            // Several pieces of text belong to one document.
            documentID: identifier(.documentID, index / Self.vectorsOfDocument), text: words.joined(separator: " "),
            vector: (0..<dimensions).map { _ in Float(generator.nextFraction() * 2 - 1) })
    }

    /// One hash: fields `id`, `doc_id`, `text` and `vector`.
    package struct Vector: Sendable, Equatable {
        package let key: String
        package let id: String
        package let documentID: String
        package let text: String
        /// From -1 up to, not including, 1.
        package let vector: [Float]
    }

    /// The fields of a vector's hash, in the order they are written and read.
    package static let vectorFields = ["id", "doc_id", "text", "vector"]

    private static let wordsOfText = 32
    private static let vectorsOfDocument = 8
    private static let words = [
        "harbour", "signal", "the", "of", "pressure", "valve", "and", "inspection", "keel", "report", "water", "in",
        "compartment", "to", "hull", "measured", "wall", "flooded", "a", "deck",
    ]

    /// What a stream of random numbers is for; streams of different uses must not repeat each other.
    private enum Use: UInt64 {
        case cache = 1, vector, vectorID, documentID
    }

    private func generator(_ use: Use, _ index: Int) -> SeededGenerator {
        // The first number of a stream is the seed of the next: neighbours in index have nothing in common.
        var outer = SeededGenerator(seed: seed ^ (use.rawValue << 56))
        return SeededGenerator(seed: outer.next() ^ UInt64(index) &* 0xD134_2543_DE82_EF95)
    }

    /// A random identifier in the form of UUID version 4.
    private func identifier(_ use: Use, _ index: Int) -> String {
        var generator = generator(use, index)
        let high = generator.next() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        let low = generator.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        let digits = Array(Self.hexadecimal(high) + Self.hexadecimal(low))
        return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }.joined(separator: "-")
    }

    private static func hexadecimal(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
