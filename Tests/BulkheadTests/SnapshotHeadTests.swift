@testable import Bulkhead
import Testing

@Suite("The head of a snapshot") struct SnapshotHeadTests {
    /// The answer and how many bytes it took; nil if it is not whole.
    private func answer(_ text: String) -> (SnapshotHead.Answer, Int)? {
        var head = SnapshotHead()
        for (index, byte) in text.utf8.enumerated() {
            if let answer = head.take(byte) { return (answer, index + 1) }
        }
        return nil
    }

    @Test(arguments: [0, 1, 1_000])
    func `keep-alives before it are skipped, however many`(count: Int) throws {
        let mark = String(repeating: "0123456789abcdef", count: 3).prefix(40)
        let keepAlives = String(repeating: "\n", count: count)
        let (length, end) = try #require(answer(keepAlives + "$195\r\nREDIS"))
        #expect(length == .snapshot(.length(195)))
        #expect(end == count + 6)
        let (marked, _) = try #require(answer(keepAlives + "$EOF:\(mark)\r\nREDIS"))
        #expect(marked == .snapshot(.mark(Array(mark.utf8))))
        let (error, _) = try #require(answer(keepAlives + "-NOPERM no\r\n"))
        #expect(error == .refused(Array("NOPERM no".utf8)))
    }

    @Test(arguments: [
        "$-1\r\n", "$12x\r\n", "$99999999999999999999\r\n", "$EOF:short\r\n", "+OK\r\n", ":1\r\n",
        "*0\r\n", "REDIS0011\n",
        String(repeating: "x", count: SnapshotHead.longestLine + 1),
    ])
    func `what is neither a snapshot nor an error is not taken for one`(text: String) throws {
        #expect(try #require(answer(text)).0 == .unknown)
    }

    @Test func `a head that has not all come is waited for`() {
        for text in ["", "\n\n", "$", "$195", "$195\r", "$EOF:0123", "-ERR"] { #expect(answer(text) == nil) }
    }
}
