import BulkheadConsole
import Testing

@Suite struct UnitsSizesTests {
    @Test(arguments: [
        (0, "0 B"), (1_023, "1023 B"), (1_024, "1.00 KiB"), (1_536, "1.50 KiB"), (1_048_524, "1.00 MiB"),
        (214_958_080, "205 MiB"), (4 << 30, "4.00 GiB"), (Int.max, "8.00 EiB"), (-2_048, "-2.00 KiB"),
        (Int.min, "-8.00 EiB"),
    ])
    func `a size has three digits and the unit that fits`(bytes: Int, text: String) {
        #expect(Units.bytes(bytes) == text)
    }

    @Test(arguments: [
        (0, "0 ns"), (400, "400 ms"), (1_000, "1 s"), (45_999, "45 s"), (60_000, "1 min"), (72 * 60_000, "1 h 12 min"),
        (86_400_000, "1 d"), (212_000_000, "2 d 10 h"), (4_000 * 86_400_000, "4,000 d"),
    ])
    func `a long time has its two largest units`(milliseconds: Int, text: String) {
        #expect(Units.span(milliseconds: milliseconds) == text)
    }

    @Test(arguments: [
        (0, "0 %"), (0.0004, "< 0.1 %"), (0.042, "4.2 %"), (0.61, "61 %"), (0.9999, "99.9 %"), (1, "100 %"),
        (.nan, "–"),
    ])
    func `a share is 0 or 100 only where it is just that`(share: Double, text: String) {
        #expect(Units.percent(share) == text)
    }
}
