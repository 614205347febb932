#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// When each request of an open-loop load is meant to be sent, whatever happened to the ones before it.
///
/// Latency counts from the intended instant, not from the moment a late sender got round to sending: otherwise a server
/// that stops for a second is measured by the one request that waited, and not by all that should have been sent
/// meanwhile (coordinated omission).
///
/// A pure value: the same numbers give the same instants, each time it is walked.
package struct OpenLoopSchedule: Sequence, Sendable {
    package enum Arrivals: Sendable, Equatable {
        /// One every 1/rate seconds, the first at the start.
        case even
        /// Independent clients: gaps of exponential length with the mean 1/rate, from a generator with this seed.
        case poisson(seed: UInt64)
    }

    /// The instant everything counts from, in nanoseconds of ``MonotonicClock``.
    package let start: Int64
    /// How many requests are sent a second.
    package let rate: Double
    /// How many requests are sent in all.
    package let count: Int
    package let arrivals: Arrivals

    /// Traps unless the rate is above zero and the count at least zero: both are a program's own checked settings.
    package init(start: Int64, rate: Double, count: Int, arrivals: Arrivals = .even) {
        precondition(rate > 0 && rate.isFinite, "the rate must be above zero requests a second")
        precondition(count >= 0, "the count of requests must not be negative")
        self.start = start
        self.rate = rate
        self.count = count
        self.arrivals = arrivals
    }

    /// The instant, in nanoseconds, at which an even schedule would send the request after its last.
    ///
    /// The load lasts from `start` to here; Poisson arrivals end near it.
    package var end: Int64 { evenInstant(ofRequest: count) }

    /// The intended instant of one request in nanoseconds, counted from 0.
    ///
    /// Even arrivals: at once. Poisson arrivals: in `index` steps; to send them all, walk the sequence instead.
    package func instant(ofRequest index: Int) -> Int64 {
        precondition((0..<count).contains(index), "the schedule has no such request")
        switch arrivals {
        case .even:
            return evenInstant(ofRequest: index)
        case .poisson(let seed):
            var clock = PoissonClock(seed: seed, rate: rate)
            for _ in 0..<index {
                clock.advance()
            }
            return start + clock.advance()
        }
    }

    /// Multiplied out anew for each request, so nothing adds up: within 1 ns of the exact instant over 10^7 requests.
    private func evenInstant(ofRequest index: Int) -> Int64 {
        start + Int64((Double(index) * 1e9 / rate).rounded())
    }

    /// Walks the intended instants in order, in constant memory.
    package func makeIterator() -> Iterator {
        Iterator(schedule: self)
    }

    package var underestimatedCount: Int { count }

    package struct Iterator: IteratorProtocol, Sendable {
        private let schedule: OpenLoopSchedule
        private var index = 0
        private var poisson: PoissonClock?

        fileprivate init(schedule: OpenLoopSchedule) {
            self.schedule = schedule
            if case .poisson(let seed) = schedule.arrivals {
                poisson = PoissonClock(seed: seed, rate: schedule.rate)
            }
        }

        package mutating func next() -> Int64? {
            guard index < schedule.count else { return nil }
            defer { index += 1 }
            guard let offset = poisson?.advance() else { return schedule.evenInstant(ofRequest: index) }
            return schedule.start + offset
        }
    }
}

/// The sum of exponential gaps. It stays a `Double` (steps of 0.002 ns after three hours) and is rounded only on the
/// way out: gaps rounded one by one would bend the rate.
private struct PoissonClock: Sendable {
    private var generator: SeededGenerator
    private let meanGap: Double
    private var offset = 0.0

    init(seed: UInt64, rate: Double) {
        generator = SeededGenerator(seed: seed)
        meanGap = 1e9 / rate
    }

    @discardableResult
    mutating func advance() -> Int64 {
        offset -= log1p(-generator.nextFraction()) * meanGap
        return Int64(offset.rounded())
    }
}
