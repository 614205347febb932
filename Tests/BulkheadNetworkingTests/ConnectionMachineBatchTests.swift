@testable import BulkheadNetworking
import BulkheadRESP
import BulkheadTestSupport
import Testing

/// What a machine makes of it when values come in pieces of some size.
private struct Hearing {
    var machine: Machine
    private var receptions = RingQueue<Machine.Reception>()
    private(set) var received: [Received] = []

    init(_ version: RESPVersion) {
        machine = .ready(version)
    }

    mutating func handOut() { _ = machine.takeOutgoing() }

    mutating func receive(_ values: [RESPValue]) {
        var values = values
        machine.received(&values, &receptions)
        #expect(values.isEmpty, "what was received is taken")
        while let reception = receptions.popFirst() { received.append(Received(reception)) }
    }
}

@Suite struct `Replies that come in pieces` {
    @Test(arguments: [RESPVersion.resp2, .resp3], Array(0..<40) as [UInt64])
    func `mean the same whether they come one by one, all at once or in between`(version: RESPVersion, seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var values: [RESPValue] = []
        var requests: [Int] = []
        for _ in 0..<30 {
            let count = Bool.random(using: &random) ? 1 : Int.random(in: 1...12, using: &random)
            requests.append(count)
            for _ in 0..<count {
                if version == .resp3 && Int.random(in: 0..<12, using: &random) == 0 {
                    values.append(.push([.bulkString("message"), .bulkString("news"), .integer(Int64(values.count))]))
                }
                let number = Int64(values.count)
                let isArray = Int.random(in: 0..<8, using: &random) == 0
                values.append(isArray ? .array([.integer(number)]) : .integer(number))
            }
        }
        var single = Hearing(version)
        var whole = Hearing(version)
        var pieces = Hearing(version)
        for (waiter, count) in requests.enumerated() {
            single.machine.ask(waiter, replies: count)
            whole.machine.ask(waiter, replies: count)
            pieces.machine.ask(waiter, replies: count)
        }
        single.handOut()
        whole.handOut()
        pieces.handOut()
        for value in values { single.receive([value]) }
        whole.receive(values)
        var rest = values[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...14, using: &random))
            pieces.receive(Array(piece))
            rest = rest.dropFirst(piece.count)
        }
        #expect(single.received.filter { $0 != .nothing } == whole.received.filter { $0 != .nothing })
        #expect(single.received.filter { $0 != .nothing } == pieces.received.filter { $0 != .nothing })
        #expect(single.machine.isIdle && whole.machine.isIdle && pieces.machine.isIdle)
    }

    @Test func `that are exactly a pipeline's are handed over as the array they came in`() {
        var machine = Machine.ready()
        machine.ask(1, replies: 3)
        _ = machine.takeOutgoing()
        var values: [RESPValue] = [.integer(1), .null, .integer(3)]
        let address = values.withUnsafeBytes { $0.baseAddress }
        var receptions = RingQueue<Machine.Reception>()
        machine.received(&values, &receptions)
        guard case .completedAll(1, let replies)? = receptions.popFirst() else {
            Issue.record("not the pipeline's replies")
            return
        }
        #expect(replies == [.integer(1), .null, .integer(3)])
        #expect(replies.withUnsafeBytes { $0.baseAddress } == address)
    }
}
