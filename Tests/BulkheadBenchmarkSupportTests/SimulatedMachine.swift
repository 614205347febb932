@testable import BulkheadBenchmarkSupport

/// A machine of which the truth is known: a server with a certain harm by scans, and noise over it, some of which the
/// sleeping thread sees and some not. Everything follows from the seed.
struct SimulatedMachine {
    struct Noise {
        /// Stalls a second on average; in a burst ten times as many.
        var stallsPerSecond = 0.0
        /// Their length on average, in nanoseconds.
        var stall = 0.0
        /// The share of the stalls that hold up the sleeping thread too; the others hold up the server alone.
        var seen = 1.0
        /// The share of rounds with a burst.
        var bursts = 0.0
        /// How far the speed of a round differs from that of the others, at most.
        var drift = 0.0
        /// Whether the system tells how much of the cores' time others had.
        var isCounted = false
    }

    let noise: Noise
    /// Whether GETs at the moments of the machine are set aside.
    var setsAside = true
    private var random: SeededGenerator

    init(_ noise: Noise, seed: UInt64) {
        self.noise = noise
        random = SeededGenerator(seed: seed)
    }

    /// GETs of a round, and the time between two of them in nanoseconds.
    private static let gets = 300
    private static let gap: Int64 = 500_000
    private static let length = Int64(gets) * gap
    /// Latencies of the server with nothing beside it: p50 65 µs, p99 about 165 µs.
    private static let calm: [Int64] = (0..<256).map { index in
        switch index {
        case ..<200: 50_000 + Int64(index) * 120
        case ..<250: 74_000 + Int64(index - 200) * 900
        default: 119_000 + Int64(index - 250) * 12_000
        }
    }

    /// All rounds of a run.
    ///
    /// - Parameter pages: how long, in nanoseconds, each layout's pages keep the server.
    mutating func run(_ pages: [(layout: IsolationLayout, page: Int64)], rounds: Int = 7) -> [IsolationRound] {
        (0..<rounds).flatMap { round in pages.map { measure($0.layout, $0.page, round) } }
    }

    private mutating func measure(_ layout: IsolationLayout, _ page: Int64, _ round: Int) -> IsolationRound {
        let speed = 1 + noise.drift * (2 * random.nextFraction() - 1)
        var (stalls, moments) = stalls(rate: noise.stallsPerSecond * (random.nextFraction() < noise.bursts ? 10 : 1))
        if !setsAside { moments = MachineMoments() }
        var kept: [Int64] = []
        kept.reserveCapacity(Self.gets)
        var aside = 0
        var next = 0
        for index in 0..<Self.gets {
            let intended = Int64(index) * Self.gap
            let bits = random.next()
            var latency = Self.calm[Int(bits & 255)]
            // The scan has the server four fifths of the time.
            if page > 0, bits >> 8 & 255 < 205 { latency += (page * Int64(bits >> 16 & 0xFFFF)) >> 16 }
            latency = Int64(Double(latency) * speed)
            while next < stalls.count, stalls[next].upperBound <= intended { next += 1 }
            var overlapping = next
            while overlapping < stalls.count, stalls[overlapping].lowerBound < intended + latency {
                latency += stalls[overlapping].upperBound - max(intended, stalls[overlapping].lowerBound)
                overlapping += 1
            }
            if moments.contains(intended) { aside += 1 } else { kept.append(latency) }
        }
        kept.sort()
        let taken = Double(stalls.reduce(0) { $0 + $1.upperBound - $1.lowerBound }) / Double(Self.length)
        func percentile(_ percent: Int) -> Double {
            kept.isEmpty ? 0 : Double(kept[max(0, (kept.count * percent + 99) / 100 - 1)])
        }
        return IsolationRound(
            IsolationCase(layout), round: round, p50: percentile(50), p99: percentile(99),
            canary: 30_000 + 40_000 * random.nextFraction(), lateness: 40_000, answered: Self.gets, setAside: aside,
            taken: noise.isCounted ? taken / 2 : nil, rate: layout == .considerate ? 120_000 : 200_000)
    }

    /// The stalls of a round, in order, and the moments that the sleeping thread made of them.
    private mutating func stalls(rate: Double) -> (stalls: [Range<Int64>], moments: MachineMoments) {
        var stalls: [Range<Int64>] = []
        var moments = MachineMoments()
        guard rate > 0 else { return (stalls, moments) }
        let share = rate * Double(MachineSlice.length) / 1e9
        var instant: Int64 = 0
        while instant < Self.length {
            defer { instant += MachineSlice.length }
            guard random.nextFraction() < share else { continue }
            // From none to four times the average, short ones more often.
            let fraction = random.nextFraction()
            let end = instant + Int64(noise.stall * 4 * fraction * fraction * fraction)
            stalls.append(max(instant, stalls.last?.upperBound ?? 0)..<max(end, stalls.last?.upperBound ?? 0) + 1)
            guard random.nextFraction() < noise.seen else { continue }
            // It wakes each millisecond.
            let due = (instant / 1_000_000 + 1) * 1_000_000
            if end - due > MachineMoments.lateWake { moments.add(from: due - 1_000_000, to: end) }
        }
        return (stalls, moments)
    }

    /// A stall begins at most once in so many nanoseconds.
    private enum MachineSlice { static let length: Int64 = 1_000_000 }
}
