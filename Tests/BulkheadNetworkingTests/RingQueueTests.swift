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

    @Test func `what is left in it goes with it, and once`() {
        final class Thing: Sendable {}
        weak var first: Thing?
        weak var last: Thing?
        do {
            var queue = RingQueue<Thing>()
            // Round its end: the first place is in the middle.
            for _ in 0..<5 { queue.append(Thing()) }
            for _ in 0..<5 { _ = queue.popFirst() }
            let things = (0..<20).map { _ in Thing() }
            first = things.first
            last = things.last
            for thing in things { queue.append(thing) }
            #expect(queue.count == 20)
        }
        #expect(first == nil && last == nil)
    }

    @Test func `a copy keeps what it had when the other one changes`() {
        var queue = RingQueue<[Int]>()
        for number in 0..<6 { queue.append([number]) }
        _ = queue.popFirst()
        let copy = queue
        queue.append([6])
        queue.withFirst { $0.append(-1) }
        queue.removeAll(in: 0..<3) { $0 == [2] }
        #expect((0..<copy.count).map { copy[$0] } == [[1], [2], [3], [4], [5]])
        #expect((0..<queue.count).map { queue[$0] } == [[1, -1], [3], [4], [5], [6]])
        _ = queue.popFirst()
        #expect(copy.first == [1])
    }
}
