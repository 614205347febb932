import BulkheadRESP
import BulkheadRESPComparison
import Testing

/// Strings round the sizes at which the decoder changes how it receives them.
@Suite struct DecoderBulkTests {
    static let sizes: [Int] = {
        var sizes: [Int] = [0, 1, 2, 3, 4_090, 4_096, 100_000, 3 << 20, (3 << 20) + 1]
        for threshold in [16 << 10, 64 << 10, 1 << 20, 2 << 20] {
            sizes += Array(threshold - 12...threshold + 3)
        }
        // The first block of a long string, CR LF included, and the second, eight times as large; a byte more and less.
        let block = (1 << 20) + 2
        return sizes + [block - 3, block - 2, block - 1, 8 * block - 3, 8 * block - 2, 8 * block - 1]
    }()

    @Test(arguments: sizes)
    func `a bulk string of any size arrives as it was sent`(size: Int) {
        let content = pattern(size, seed: size)
        let wire = Array("+before\r\n".utf8) + bulk(content) + Array(":1\r\n".utf8)
        for chunk in [wire.count, wire.count - 5, 9 + 4, 100_003, 65_536, 4_095]
        where chunk > 0 && wire.count / chunk < 5_000 {
            let outcome = decode(wire) { chunk }
            #expect(outcome.violation == nil && outcome.offset == wire.count)
            #expect(outcome.values.count == 3 && outcome.values.first == .simple("before"))
            #expect(outcome.values.dropFirst().first?.bytes?.holds(content) == true, "pieces of \(chunk)")
            #expect(outcome.values.last == .integer(1))
        }
    }

    @Test(arguments: ["!", "="], [16_384, 16_385, 65_537, (1 << 20) + 1])
    func `bulk errors and verbatim strings may be as large`(type: String, size: Int) throws {
        let content = Array("txt:".utf8) + pattern(size - 4, seed: size)
        for chunk in [997, 70_001, 2 << 20] {
            let values = decode(bulk(content, type: type)) { chunk }.values
            #expect(values.count == 1)
            let value = try #require(values.first)
            switch value {
            case .bulkError(let bytes): #expect(type == "!" && bytes.holds(content))
            case .verbatimString(let verbatim):
                #expect(type == "=" && verbatim.format == "txt" && verbatim.content.holds(Array(content.dropFirst(4))))
            default: Issue.record("another type")
            }
        }
    }

    @Test func `large strings side by side in an array stay apart`() {
        let contents = [20_000, 5, 70_000, 16_384, 0, 1_100_000, 16_385].map { pattern($0, seed: $0) }
        let wire = Array("*\(contents.count)\r\n".utf8) + contents.flatMap { bulk($0) }
        for chunk in [3_001, 65_536, 500_000, wire.count] {
            let elements = decode(wire) { chunk }.values.first?.elements ?? []
            #expect(elements.count == contents.count)
            for (element, content) in zip(elements, contents) { #expect(element.bytes?.holds(content) == true) }
        }
    }

    @Test func `a string's last bytes may come one at a time`() {
        for size in [16_384, 16_385, 1 << 20, (1 << 20) + 1, (1 << 20) + 2, (1 << 20) + 3] {
            let content = pattern(size, seed: size)
            let wire = bulk(content)
            var first = true
            let outcome = decode(wire) {
                defer { first = false }
                return first ? wire.count - 6 : 1
            }
            #expect(outcome.values.first?.bytes?.holds(content) == true)
            #expect(outcome.isBetweenReplies)
        }
    }
}
