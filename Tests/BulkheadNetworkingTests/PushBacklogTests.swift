@testable import BulkheadNetworking
@testable import BulkheadRESP
import Testing

@Suite struct `A backlog of pushed values` {
    /// A message as it is received: in a block that other replies fill.
    private func received(_ content: Int) -> RESPValue {
        var decoder = RESPDecoder()
        let text = String(repeating: "x", count: content)
        decoder.feed(">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$\(content)\r\n\(text)\r\n".utf8)
        guard let value = try? decoder.next() else { return .null }
        return value
    }

    /// Bytes of the blocks that the strings of these values hold in memory.
    private func held(by values: [RESPValue]) -> Int {
        var blocks: [ObjectIdentifier: Int] = [:]
        for bytes in values.flatMap({ $0.elements ?? [] }).compactMap(\.bytes) {
            blocks[ObjectIdentifier(bytes.storage)] = bytes.storage.byteCapacity
        }
        return blocks.values.reduce(0, +)
    }

    @Test(arguments: [1, 100, 5_000, 40_000, 200_000])
    func `holds no more memory than it counts, and counts to its bound`(_ content: Int) {
        var backlog = PushBacklog()
        while backlog.append(received(content)) {}
        #expect(backlog.count == PushBacklog.mostValues || backlog.bytes > PushBacklog.mostBytes - content - 1_024)
        let counted = backlog.bytes
        #expect(counted <= PushBacklog.mostBytes)
        var kept: [RESPValue] = []
        while let value = backlog.popFirst() { kept.append(value) }
        #expect(held(by: kept) <= counted)
        #expect(backlog.bytes == 0)
    }

    @Test func `would hold a receive buffer for each small message that came among others`() {
        let values = (0..<100).map { _ in received(1) }
        #expect(held(by: values) >= 100 * 16 << 10)
        var backlog = PushBacklog()
        for value in values where !backlog.append(value) { Issue.record("a hundred are not too many") }
        #expect(backlog.bytes < 100 * 512)
    }

    @Test func `takes one value of any size, and what was read counts no more`() {
        var backlog = PushBacklog()
        let large = RESPValue.push([.bulkString(RESPBytes([UInt8](repeating: 1, count: PushBacklog.mostBytes + 1)))])
        for _ in 0..<3 {
            let taken = [backlog.append(large), backlog.append(.push([]))]
            #expect(taken == [true, false])
            let read = backlog.popFirst()
            #expect(read == large)
        }
        let taken = [backlog.append(.push([])), backlog.append(.push([])), backlog.append(large)]
        #expect(taken == [true, true, false])
    }

    @Test func `counts a value of any depth`() {
        var value = RESPValue.array([])
        for _ in 0..<1_000 { value = .attribute(RESPMap([(.simpleString("k"), .null)]), .array([value])) }
        #expect(value.bytesInMemory > 1_000 * 100)
    }
}
