import Testing

@testable import BulkheadBenchmarkSupport

@Suite struct MachineMomentsTests {
    private static let millisecond: Int64 = 1_000_000

    @Test func `a GET is set aside by when it was meant to leave, from five milliseconds before to one after`() {
        var moments = MachineMoments()
        moments.add(from: 100 * Self.millisecond, to: 102 * Self.millisecond)
        for (instant, isIn) in [(94, false), (95, true), (101, true), (102, true), (103, false)] as [(Int64, Bool)] {
            #expect(moments.contains(instant * Self.millisecond) == isIn, "\(instant)")
        }
    }

    @Test func `moments that touch become one, also where one is known late`() {
        var moments = MachineMoments()
        moments.add(from: 100 * Self.millisecond, to: 101 * Self.millisecond)
        moments.add(from: 200 * Self.millisecond, to: 201 * Self.millisecond)
        #expect(moments.ranges.count == 2)
        // Stolen time is told of a longer stretch afterwards.
        moments.add(from: 99 * Self.millisecond, to: 202 * Self.millisecond)
        #expect(moments.ranges == [94 * Self.millisecond..<203 * Self.millisecond])
        moments.forget(before: 203 * Self.millisecond)
        #expect(moments.ranges.isEmpty)
    }

    @Test func `of many moments each is found, and nothing between them`() {
        var moments = MachineMoments()
        for index in 0..<1_000 as Range<Int64> { moments.add(from: index * 20_000_000, to: index * 20_000_000) }
        #expect(moments.ranges.count == 1_000)
        for index in 0..<1_000 as Range<Int64> {
            #expect(moments.contains(index * 20_000_000) && !moments.contains(index * 20_000_000 + 10_000_000))
        }
    }

    @Test func `a GET waits until all moments about its time are known`() {
        var gets = GetSieve()
        var moments = MachineMoments()
        moments.add(from: 50 * Self.millisecond, to: 60 * Self.millisecond)
        for intended in [10, 55, 100] as [Int64] {
            let start = intended * Self.millisecond
            _ = gets.add(intended: start, handedOver: start + 5, answeredAt: start + 100)
        }
        gets.settle(moments, knownUntil: 100 * Self.millisecond)
        #expect(gets.latencies.count == 1 && gets.setAside == 1 && gets.answered == 3)
        moments.add(from: 104 * Self.millisecond, to: 106 * Self.millisecond)
        gets.settle(moments, knownUntil: .max)
        #expect(gets.setAside == 2 && gets.lateness.max == 5)
    }

    @Test func `setting aside chooses long GETs no more often than short ones`() {
        var moments = MachineMoments()
        moments.add(from: 50 * Self.millisecond, to: 60 * Self.millisecond)
        var gets = GetSieve()
        // Both left too early to be set aside; the long one is under way all the time of the moment.
        _ = gets.add(intended: 0, handedOver: 0, answeredAt: 100 * Self.millisecond)
        _ = gets.add(intended: 1, handedOver: 1, answeredAt: 1_000)
        gets.settle(moments, knownUntil: .max)
        #expect(gets.setAside == 0 && gets.latencies.max == 100 * Self.millisecond)
    }

    @Test func `a failed GET is neither answered nor set aside, and where too few stay all are shown`() {
        var gets = GetSieve()
        var moments = MachineMoments()
        moments.add(from: 0, to: 10)
        _ = gets.add(intended: 5, handedOver: 6, answeredAt: nil)
        _ = gets.add(intended: 7, handedOver: 8, answeredAt: 17)
        gets.settle(moments, knownUntil: .max)
        #expect(gets.answered == 1 && gets.setAside == 1 && gets.latencies.max == 10)
    }

    @Test func `memory is bounded: a look is due after each batch`() {
        var gets = GetSieve()
        var looks = 0
        for index in 0..<100_000 as Range<Int64> where gets.add(intended: index, handedOver: index, answeredAt: index) {
            looks += 1
            gets.settle(MachineMoments(), knownUntil: index + MachineMoments.lead)
        }
        #expect(looks == 100_000 / GetSieve.batch)
    }

    private static let stat = """
        cpu  300 0 100 900 0 0 0 60 0 0
        cpu0 100 0 50 500 0 10 5 20 0 0
        cpu1 200 0 50 400 7 0 0 40 0 0
        intr 1 2 3
        """

    @Test func `busy and stolen time is read of the cores asked for, or of all`() throws {
        let one = try #require(MachineTime(stat: Self.stat, cores: [1]))
        #expect(one.busy == 2.5 && one.stolen == 0.4 && one.cores == 1)
        let both = try #require(MachineTime(stat: Self.stat, cores: nil))
        #expect(abs(both.busy - 4.15) < 1e-9 && abs(both.stolen - 0.6) < 1e-9 && both.cores == 2)
        #expect(MachineTime(stat: Self.stat, cores: [9])?.cores == 2)
        #expect(MachineTime(stat: "", cores: nil) == nil && MachineTime(stat: "cpu0 1 2", cores: nil) == nil)
    }

    @Test func `what others had is what is left of the busy time after our own`() throws {
        let before = try #require(MachineTime(stat: Self.stat, cores: nil))
        let after = try #require(
            MachineTime(
                stat: "cpu x\ncpu0 200 0 50 500 0 10 5 30 0 0\ncpu1 250 0 50 400 7 0 0 40 0 0", cores: nil))
        let load = MachineLoad(from: before, to: after, seconds: 2, own: 0.9)
        #expect(abs(load.stolen - 0.025) < 1e-9)
        #expect(abs(try #require(load.others) - 0.15) < 1e-9 && abs(load.taken - 0.175) < 1e-9)
        #expect(MachineLoad(from: before, to: after, seconds: 2, own: nil).others == nil)
        #expect(MachineLoad(from: before, to: after, seconds: 2, own: 99).others == 0)
    }

    #if os(Linux)
    @Test func `this machine tells what it did, and what this process used`() throws {
        let now = try #require(MachineTime.now(cores: nil))
        #expect(now.cores > 0 && now.busy > 0)
        // Its number is not known here without C; the first process of all always exists.
        #expect(MachineTime.used(by: [1]) != nil && MachineTime.used(by: [-1]) == nil)
    }
    #endif
}
