/// Processor time of a machine since it started, and how much of it its host gave to others, in any one unit.
package struct StolenTime: Sendable, Equatable {
    package let stolen: Double
    package let total: Double

    /// Reads Linux' /proc/stat; nil if it says nothing of that.
    package init?(stat: String) {
        // user, nice, system, idle, iowait, irq, softirq, steal. What follows is contained in the first two.
        let words = stat.split(whereSeparator: \.isNewline).first?.split(separator: " ") ?? []
        let times = words.dropFirst().prefix(8).compactMap { Double($0) }
        guard words.first == "cpu", times.count == 8 else { return nil }
        stolen = times[7]
        total = times.reduce(0, +)
    }

    /// Which part of the time since then was stolen; nil if there was none.
    package func part(since start: StolenTime) -> Double? {
        total > start.total ? (stolen - start.stolen) / (total - start.total) : nil
    }
}
