@testable import BulkheadNetworking
import BulkheadTestSupport
import Testing

@Suite struct `A ring queue` {
    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func `it behaves as an array does under ten thousand random operations`(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var queue = RingQueue<Int>()
        var array: [Int] = []
        for step in 0..<10_000 {
            // The bias changes, so that the queue grows, empties and wraps again and again.
            let appendsOften = (step / 500).isMultiple(of: 2)
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<(appendsOften ? 6 : 3):
                queue.append(step)
                array.append(step)
            case 9 where !array.isEmpty:
                let wanted = array.randomElement(using: &random)!
                queue.removeAll(in: 0..<queue.count) { $0 == wanted }
                array.removeAll { $0 == wanted }
            case 8 where !array.isEmpty:
                queue.withFirst { $0 += 100_000 }
                array[0] += 100_000
            default:
                #expect(queue.popFirst() == (array.isEmpty ? nil : array.removeFirst()))
            }
            #expect(queue.count == array.count)
            #expect(queue.isEmpty == array.isEmpty)
        }
        var rest: [Int] = []
        while let element = queue.popFirst() { rest.append(element) }
        #expect(rest == array)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `removing all of a range that fit leaves the others as an array would`(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var queue = RingQueue<Int>()
        var array: [Int] = []
        for step in 0..<2_000 {
            queue.append(step)
            array.append(step)
            if step.isMultiple(of: 3) {
                let first = array.removeFirst()
                #expect(queue.popFirst() == first)
            }
            guard step.isMultiple(of: 7) else { continue }
            let end = Int.random(in: 0...array.count, using: &random)
            let range = Int.random(in: 0...end, using: &random)..<end
            let divisor = Int.random(in: 1...5, using: &random)
            queue.removeAll(in: range) { $0.isMultiple(of: divisor) }
            array.replaceSubrange(range, with: array[range].filter { !$0.isMultiple(of: divisor) })
            #expect(queue.count == array.count && (0..<array.count).allSatisfy { queue[$0] == array[$0] })
            let bound = Int.random(in: 0...step, using: &random)
            #expect(queue.firstPosition { $0 >= bound } == array.firstIndex { $0 >= bound } ?? array.count)
        }
    }

    @Test func `an element that left is not kept alive`() {
        final class Thing: Sendable {}
        var queue = RingQueue<Thing>()
        weak var first: Thing?
        do {
            let thing = Thing()
            first = thing
            queue.append(thing)
        }
        #expect(first != nil)
        _ = queue.popFirst()
        #expect(first == nil)
    }
}
