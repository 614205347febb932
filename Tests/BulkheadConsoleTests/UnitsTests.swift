import BulkheadTestSupport
import Testing

@testable import BulkheadConsole

@Suite struct UnitsTests {
    @Test(
        arguments: [
            (0, "0 ns"), (7, "7 ns"), (999, "999 ns"), (1_000, "1.00 µs"), (9_994, "9.99 µs"), (9_996, "10.0 µs"),
            (183_000, "183 µs"), (999_499, "999 µs"), (999_500, "1.00 ms"), (1_620_000, "1.62 ms"),
            (12_345_000_000, "12.3 s"), (999_499_999_999, "999 s"), (5_400_000_000_000, "5,400 s"),
            (-1_500_000, "-1.50 ms"),
        ] as [(Int64, String)])
    func `a duration has three significant digits and the unit that fits`(_ nanoseconds: Int64, _ text: String) {
        #expect(Units.duration(nanoseconds: nanoseconds) == text)
    }

    @Test func `a mean of nanoseconds keeps its decimals, and what is no number is a dash`() {
        #expect(Units.duration(nanoseconds: 7.25) == "7.25 ns")
        #expect(Units.duration(nanoseconds: 999.7) == "1.00 µs")
        #expect(Units.duration(nanoseconds: .nan) == "–")
        #expect(Units.duration(nanoseconds: .infinity) == "–")
    }

    @Test func `a duration up to 10,000 seconds takes at most 7 columns`() {
        var generator = SeededGenerator(seed: 11)
        for power in 0..<44 {
            for value in [1 << Int64(power), Int64.random(in: 0..<1 << Int64(power + 1), using: &generator)]
            where value < 9_999_000_000_000 {
                let text = Units.duration(nanoseconds: value)
                #expect(text.count <= 7, "\(text)")
            }
        }
    }

    @Test(arguments: [
        (0, "0"), (999, "999"), (1_234, "1,234"), (9_999, "9,999"), (10_000, "10.0 k"), (12_345, "12.3 k"),
        (203_600, "204 k"), (999_499, "999 k"), (999_500, "1.00 M"), (1_310_000, "1.31 M"), (2_000_000_000, "2.00 G"),
        (-12_345, "-12.3 k"), (-42, "-42"),
    ])
    func `a count is exact below ten thousand and has three digits above`(_ count: Int, _ text: String) {
        #expect(Units.count(count) == text)
    }

    @Test(arguments: [
        (0, "0.00/s"), (0.5, "0.50/s"), (12.5, "12.5/s"), (99.94, "99.9/s"), (99.96, "100/s"), (1_234.4, "1,234/s"),
        (204_000, "204 k/s"), (1_310_000, "1.31 M/s"), (-12.5, "-12.5/s"), (1e18, "1,000,000,000 G/s"),
        (Double.nan, "–"),
    ])
    func `a rate is a count a second, with decimals only when it is small`(_ rate: Double, _ text: String) {
        #expect(Units.rate(perSecond: rate) == text)
    }

    @Test(
        arguments: [
            (-5, "0:00"), (999_999_999, "0:00"), (7_000_000_000, "0:07"), (754_000_000_000, "12:34"),
            (3_723_000_000_000, "1:02:03"),
        ] as [(Int64, String)])
    func `time left reads like a clock`(_ nanoseconds: Int64, _ text: String) {
        #expect(Units.clock(nanoseconds: nanoseconds) == text)
    }

    @Test(arguments: [
        (0.975, 1, "1.0"), (0.04, 2, "0.04"), (1_234.56, 1, "1,234.6"), (-3.2, 0, "-3"), (-0.001, 2, "0.00"),
        (2.5, 0, "3"), (1e15, 2, "–"), (Double.infinity, 2, "–"), (Double.nan, 0, "–"),
    ])
    func `a decimal has as many places as asked for`(_ number: Double, _ places: Int, _ text: String) {
        #expect(Units.decimal(number, places: places) == text)
    }

    @Test func `a comma stands before every three digits`() {
        #expect(Units.grouped(0) == "0")
        #expect(Units.grouped(100) == "100")
        #expect(Units.grouped(-1_000) == "-1,000")
        #expect(Units.grouped(1_234_567) == "1,234,567")
        #expect(Units.counted(1, "key") == "1 key")
        #expect(Units.counted(0, "key") == "0 keys" && Units.counted(1_204, "key") == "1,204 keys")
        #expect(Units.grouped(.min) == "-9,223,372,036,854,775,808")
    }
}
