/// Numbers as people read them: three significant digits, a unit, few columns.
package enum Units {
    /// A length of time given in nanoseconds: `7 ns`, `183 µs`, `1.62 ms`, `12.3 s`, `5,400 s`.
    ///
    /// At most 7 columns from zero up to 10,000 seconds. What is not a finite number is written `–`.
    package static func duration(nanoseconds: Double) -> String {
        guard nanoseconds.isFinite else { return missing }
        if nanoseconds < 0 { return "-" + duration(nanoseconds: -nanoseconds) }
        if nanoseconds < 1_000, nanoseconds == nanoseconds.rounded() { return "\(Int64(nanoseconds)) ns" }
        return scaled(nanoseconds, steps: ["ns", "µs", "ms", "s"])
    }

    /// A length of time given in whole nanoseconds, in the same form.
    package static func duration(nanoseconds: Int64) -> String {
        duration(nanoseconds: Double(nanoseconds))
    }

    /// A count: `1,234` exactly below 10,000, then `12.3 k`, `204 k`, `1.31 M`, `2.00 G`.
    ///
    /// At most 6 columns from zero up to 999 G.
    package static func count(_ count: Int) -> String {
        if count.magnitude < 10_000 { return grouped(count) }
        let text = scaled(Double(count.magnitude), steps: ["", "k", "M", "G"])
        return count < 0 ? "-" + text : text
    }

    /// Events a second: `0.50/s`, `12.5/s`, `1,234/s`, `204 k/s`, `1.31 M/s`.
    package static func rate(perSecond rate: Double) -> String {
        guard rate.isFinite else { return missing }
        if rate < 0 { return "-" + self.rate(perSecond: -rate) }
        if rate < 99.95 { return significant(rate) + "/s" }
        guard rate < 1e18 else { return scaled(rate, steps: ["", "k", "M", "G"]) + "/s" }
        return count(Int(rate.rounded())) + "/s"
    }

    /// Time left or passed, as a clock shows it: `0:07`, `12:34`, `1:02:03`; nanoseconds below zero count as zero.
    package static func clock(nanoseconds: Int64) -> String {
        let seconds = max(0, nanoseconds) / 1_000_000_000
        func twoDigits(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60)
        let start = hours > 0 ? "\(hours):\(twoDigits(minutes))" : "\(minutes)"
        return "\(start):\(twoDigits(seconds % 60))"
    }

    /// A number with a fixed count of decimals, rounded half away from zero: `0.98`, `1,234.5`, `-3`.
    ///
    /// What is not a finite number below 10^15 is written `–`.
    package static func decimal(_ number: Double, places: Int) -> String {
        let power = (0..<max(0, places)).reduce(1) { product, _ in product * 10 }
        let shifted = (number.magnitude * Double(power)).rounded()
        guard shifted < 1e18, number.magnitude < 1e15 else { return missing }
        let digits = Int64(shifted)
        let sign = number < 0 && digits > 0 ? "-" : ""
        let whole = grouped(Int(digits / Int64(power)))
        guard places > 0 else { return sign + whole }
        let fraction = String(digits % Int64(power))
        return "\(sign)\(whole).\(String(repeating: "0", count: places - fraction.count))\(fraction)"
    }

    /// A whole number with a comma before every three digits.
    package static func grouped(_ number: Int) -> String {
        let digits = String(number.magnitude)
        var text = number < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { text.append(",") }
            text.append(digit)
        }
        return text
    }

    /// `1 key`, `1,204 keys`: a number with what it counts, in the singular and, if that is not one s more, the plural.
    package static func counted(_ number: Int, _ one: String, _ several: String? = nil) -> String {
        "\(grouped(number)) \(number == 1 ? one : several ?? one + "s")"
    }

    private static let missing = "–"

    /// Three significant digits; whole from 100 on.
    private static func significant(_ number: Double) -> String {
        decimal(number, places: number < 9.995 ? 2 : number < 99.95 ? 1 : 0)
    }

    /// Divides by 1,000 while the rounded number would not stay below 1,000 and a larger unit is left.
    private static func scaled(_ number: Double, steps: [String]) -> String {
        var number = number
        var step = 0
        while number >= 999.5, step < steps.count - 1 {
            number /= 1_000
            step += 1
        }
        let unit = steps[step]
        return unit.isEmpty ? significant(number) : "\(significant(number)) \(unit)"
    }
}
