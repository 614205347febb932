extension Units {
    /// A size in memory, in powers of 1,024 as servers count it: `512 B`, `1.50 KiB`, `204 MiB`, `1.31 GiB`.
    package static func bytes(_ bytes: Int) -> String {
        if bytes < 0 { return "-" + self.bytes(bytes == .min ? .max : -bytes) }
        guard bytes >= 1_024 else { return "\(bytes) B" }
        var size = Double(bytes)
        var unit = -1
        let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        // 1,023.5 of one unit would be shown as 1,024.
        while unit < 0 || (size >= 1_023.5 && unit < units.count - 1) {
            size /= 1_024
            unit += 1
        }
        return "\(decimal(size, places: size < 9.995 ? 2 : size < 99.95 ? 1 : 0)) \(units[unit])"
    }

    /// A long time in its two largest units: `12 d 4 h`, `3 h 20 min`, `45 s`; below a second as `duration` has it.
    package static func span(milliseconds: Int) -> String {
        guard milliseconds >= 1_000 else { return duration(nanoseconds: Double(milliseconds) * 1e6) }
        let seconds = milliseconds / 1_000
        let parts = [
            (seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s"),
        ]
        let first = parts.firstIndex { $0.0 > 0 } ?? parts.count - 1
        // From 100 days on the hours say nothing.
        let shown = parts[first].1 == "d" && parts[first].0 >= 100 ? parts[first...first] : parts[first...].prefix(2)
        return shown.enumerated().filter { $0.offset == 0 || $0.element.0 > 0 }
            .map { "\(grouped($0.element.0)) \($0.element.1)" }.joined(separator: " ")
    }

    /// A share of 1: `0 %`, `< 0.1 %`, `4.2 %`, `61 %`, `100 %`; 100 and 0 only where it is just that.
    package static func percent(_ share: Double) -> String {
        guard share.isFinite else { return decimal(share, places: 0) }
        let percent = share * 100
        if percent == 0 { return "0 %" }
        if percent < 0.1 { return "< 0.1 %" }
        if percent < 9.95 { return "\(decimal(percent, places: 1)) %" }
        if percent < 100, percent >= 99 { return "\(decimal(min(percent, 99.9), places: 1)) %" }
        return "\(decimal(percent, places: 0)) %"
    }
}
