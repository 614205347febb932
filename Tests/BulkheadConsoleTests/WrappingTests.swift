import Testing

@testable import BulkheadConsole

@Suite struct WrappingTests {
    @Test func `lines break between words and are as full as they can be`() {
        #expect("aa bb cc dd".wrapped(to: 5) == ["aa bb", "cc dd"])
        #expect("aa bb cc dd".wrapped(to: 4) == ["aa", "bb", "cc", "dd"])
    }

    @Test func `a word longer than a line stands on one of its own, whole`() {
        #expect("a bbbbbbb c".wrapped(to: 3) == ["a", "bbbbbbb", "c"])
        #expect("aaabbb".wrapped(to: 3) == ["aaabbb"])
    }

    @Test func `nothing is wrapped where there is no width`() {
        let text = Array(repeating: "word", count: 1_000).joined(separator: " ")
        #expect(text.wrapped(to: nil) == [text])
    }

    @Test func `breaks and runs of spaces count as one space`() {
        #expect("  a \n\n b\t".wrapped(to: 10) == ["a b"])
    }

    @Test func `an empty text is one empty line`() {
        #expect("".wrapped(to: 10) == [""])
        #expect("  ".wrapped(to: 10) == [""])
    }

    @Test func `every width keeps all words whole, and no line of two is wider`() {
        let text = "Latency counts from the intended instant, not from the moment a late sender got round to sending"
        for width in 1...100 {
            let lines = text.wrapped(to: width)
            #expect(lines.allSatisfy { ($0.count <= width || !$0.contains(" ")) && !$0.isEmpty })
            #expect(lines.joined(separator: " ") == text)
        }
    }
}
