@testable import BulkheadNetworking
import BulkheadTestSupport
import Synchronization
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

    /// Counts how many of its kind have gone.
    private final class Thing: Sendable {
        let gone: Counter
        init(_ gone: Counter) { self.gone = gone }
        deinit { gone.count.add(1, ordering: .relaxed) }
    }

    private final class Counter: Sendable {
        let count = Atomic(0)
        var value: Int { count.load(ordering: .relaxed) }
    }

    @Test(arguments: [3, 6, 20]) func `what is left in it goes with it, and once`(_ left: Int) {
        let gone = Counter()
        do {
            var queue = RingQueue<Thing>()
            // The first place is not the memory's first, and six go on at its start.
            for _ in 0..<5 { queue.append(Thing(gone)) }
            for _ in 0..<5 { _ = queue.popFirst() }
            for _ in 0..<left { queue.append(Thing(gone)) }
            #expect(queue.count == left)
            #expect(gone.value == 5)
        }
        #expect(gone.value == 5 + left)
    }

    @Test func `a copy keeps what it had, however the other one changes`() {
        let changes: [(inout RingQueue<[Int]>) -> Void] = [
            { $0.append([9]) }, { _ = $0.popFirst() }, { $0.forgetFirst() }, { $0.withFirst { $0 = [9] } },
            { $0[3] = [9] }, { $0.removeAll(in: 0..<4) { $0 == [3] } },
        ]
        let expected = [
            [[1], [2], [3], [4], [5], [6], [9]], [[2], [3], [4], [5], [6]], [[2], [3], [4], [5], [6]],
            [[9], [2], [3], [4], [5], [6]], [[1], [2], [3], [9], [5], [6]], [[1], [2], [4], [5], [6]],
        ]
        for (change, expected) in zip(changes, expected) {
            var queue = RingQueue<[Int]>()
            for _ in 0..<5 { queue.append([0]) }
            for _ in 0..<5 { _ = queue.popFirst() }
            // Round the end of the memory.
            for number in 1...6 { queue.append([number]) }
            let copy = queue
            change(&queue)
            #expect((0..<copy.count).map { copy[$0] } == [[1], [2], [3], [4], [5], [6]])
            #expect((0..<queue.count).map { queue[$0] } == expected)
        }
    }
}
