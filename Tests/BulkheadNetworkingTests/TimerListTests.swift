@testable import BulkheadNetworking
import BulkheadTestSupport
import Testing

@Suite struct `The poller's list of deadlines` {
    private final class Target: Sendable {}

    private static func moment(_ nanoseconds: Int64) -> Moment { Moment(nanoseconds: nanoseconds) }

    @Test func `notifies each target once, at the earliest moment it asked for`() {
        var list = TimerList<Target>()
        let (first, second) = (Target(), Target())
        for nanoseconds in [30, 10, 20] as [Int64] {
            list.add(first, as: ObjectIdentifier(first), at: Self.moment(nanoseconds))
        }
        list.add(second, as: ObjectIdentifier(second), at: Self.moment(15))
        #expect(list.next == Self.moment(10))
        var due: [Target] = []
        list.takeDue(at: Self.moment(9), into: &due)
        #expect(due.isEmpty)
        list.takeDue(at: Self.moment(100), into: &due)
        #expect(due.map(ObjectIdentifier.init) == [first, second].map(ObjectIdentifier.init))
        #expect(list.next == .never && list.count == 0)
    }

    @Test func `forgets who is removed`() {
        var list = TimerList<Target>()
        let target = Target()
        list.add(target, as: ObjectIdentifier(target), at: Self.moment(1))
        list.remove(ObjectIdentifier(target))
        #expect(list.next == .never)
        var due: [Target] = []
        list.takeDue(at: .never, into: &due)
        #expect(due.isEmpty)
    }

    /// Beside a dictionary that is searched.
    @Test(arguments: 1...20) func `says what a plain table says, at random`(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var list = TimerList<Target>()
        var table: [ObjectIdentifier: Moment] = [:]
        let targets = (0..<40).map { _ in Target() }
        var now: Int64 = 0
        for _ in 0..<5_000 {
            let target = targets.randomElement(using: &random)!
            let id = ObjectIdentifier(target)
            switch Int.random(in: 0..<10, using: &random) {
            case 0:
                list.remove(id)
                table[id] = nil
            case 1, 2:
                now += Int64.random(in: 0..<20, using: &random)
                var due: [Target] = []
                list.takeDue(at: Self.moment(now), into: &due)
                let moments = due.map { table[ObjectIdentifier($0)] ?? .never }
                #expect(moments == moments.sorted() && moments.allSatisfy { $0 <= Self.moment(now) })
                for target in due { table[ObjectIdentifier(target)] = nil }
            default:
                let moment = Self.moment(now + Int64.random(in: 1..<100, using: &random))
                list.add(target, as: id, at: moment)
                table[id] = min(table[id] ?? .never, moment)
            }
            #expect(list.next == table.values.min() ?? .never)
            #expect(list.count == table.count)
        }
    }
}
