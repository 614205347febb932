import Testing

@testable import BulkheadConsole

@Suite struct WrappingTests {
    @Test func `lines break between words and are as full as they can be`() {
        #expect("aa bb cc dd".wrapped(to: 5) == ["aa bb", "cc dd"])
        #expect("aa bb cc dd".wrapped(to: 4) == ["aa", "bb", "cc", "dd"])
    }

    @Test func `a word longer than a line is broken inside`() {
        #expect("a bbbbbbb c".wrapped(to: 3) == ["a", "bbb", "bbb", "b c"])
        #expect("aaabbb".wrapped(to: 3) == ["aaa", "bbb"])
    }

    @Test func `breaks and runs of spaces count as one space`() {
        #expect("  a \n\n b\t".wrapped(to: 10) == ["a b"])
    }

    @Test func `an empty text is one empty line`() {
        #expect("".wrapped(to: 10) == [""])
        #expect("  ".wrapped(to: 10) == [""])
    }

    @Test func `every width keeps all characters and no line is wider`() {
        let text = "Latency counts from the intended instant, not from the moment a late sender got round to sending"
        for width in 1...100 {
            let lines = text.wrapped(to: width)
            #expect(lines.allSatisfy { $0.count <= width && !$0.isEmpty })
            #expect(lines.joined().filter { $0 != " " } == text.filter { $0 != " " })
        }
    }
}
