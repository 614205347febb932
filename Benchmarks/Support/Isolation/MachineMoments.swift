/// The moments in which the machine took the time from what is measured: a thread that only sleeps woke late in them,
/// or a hypervisor stole time.
///
/// What is set aside is chosen by when a GET was meant to leave, never by how long it took. The machine strikes at
/// random, so the GETs that stay are a fair sample of a slow server as well as of a fast one; a choice by overlap
/// would take away long GETs more often than short ones, and with them the harm that is looked for.
///
/// Keeps the moments of the last seconds only, see ``forget(before:)``: a measurement may last for an hour.
package struct MachineMoments: Sendable, Equatable {
    /// A sleeper that wakes so late, in nanoseconds, was kept from it.
    package static let lateWake: Int64 = 250_000
    /// GETs that left up to so long before a moment are set aside with it: they may have been under way.
    package static let lead: Int64 = 5_000_000
    /// And those up to so long after it: what was held up is worked off first.
    package static let trail: Int64 = 1_000_000

    /// Widened by lead and trail, in order, none touching the next; in nanoseconds of `MonotonicClock`.
    package private(set) var ranges: [Range<Int64>] = []

    package init() {}

    /// Adds a moment; moments are added about in the order of their ends.
    package mutating func add(from start: Int64, to end: Int64) {
        guard start <= end else { return }
        var widened = start - Self.lead..<end + Self.trail
        while let last = ranges.last, last.upperBound >= widened.lowerBound {
            widened = min(last.lowerBound, widened.lowerBound)..<max(last.upperBound, widened.upperBound)
            ranges.removeLast()
        }
        ranges.append(widened)
    }

    /// Whether a GET that was meant to leave at this instant is set aside.
    package func contains(_ instant: Int64) -> Bool {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound <= instant { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].contains(instant)
    }

    /// Drops the moments that ended before the instant.
    package mutating func forget(before instant: Int64) {
        ranges.removeAll { $0.upperBound <= instant }
    }
}

/// GETs of one stretch of time. Those that were due while the machine was busy are set aside.
///
/// A moment is known once it is over, so GETs wait until it is known whether there was one about their time.
package struct GetSieve: Sendable {
    private struct Get {
        let intended, lateness: Int64
        /// Nil where it failed.
        let latency: Int64?
    }

    /// How long GETs took, and how late they were handed to the client.
    private struct Times {
        var latencies = LatencyHistogram()
        var lateness = LatencyHistogram()

        mutating func record(_ get: Get) {
            lateness.record(nanoseconds: get.lateness)
            if let latency = get.latency { latencies.record(nanoseconds: latency) }
        }
    }

    /// Of the GETs that stay, and of all.
    private var calm = Times()
    private var all = Times()
    /// GETs that were answered, and those of them that were set aside.
    package private(set) var answered = 0
    package private(set) var setAside = 0
    private var waiting: [Get] = []
    private var due = Self.batch

    /// Too few are left to stand for all: such a round is spoilt, and what it shows is everything.
    private var isSpoilt: Bool { Double(setAside) > Double(answered) * IsolationRound.mostSetAside }
    package var latencies: LatencyHistogram { isSpoilt ? all.latencies : calm.latencies }
    package var lateness: LatencyHistogram { isSpoilt ? all.lateness : calm.lateness }

    /// GETs wait in such numbers before it is worth while to look which may go.
    package static let batch = 16_384

    package init() {}

    /// Takes one GET by its instants; returns whether ``settle(_:knownUntil:)`` is due.
    package mutating func add(intended: Int64, handedOver: Int64, answeredAt: Int64?) -> Bool {
        if answeredAt != nil { answered += 1 }
        let get = Get(intended: intended, lateness: handedOver - intended, latency: answeredAt.map { $0 - intended })
        all.record(get)
        waiting.append(get)
        return waiting.count >= due
    }

    /// Decides on the GETs up to the instant, because all busy moments until then are known.
    package mutating func settle(_ moments: MachineMoments, knownUntil: Int64) {
        var undecided: [Get] = []
        for get in waiting {
            // A moment that began within the lead after it may be known only later.
            if get.intended + MachineMoments.lead >= knownUntil {
                undecided.append(get)
            } else if moments.contains(get.intended) {
                if get.latency != nil { setAside += 1 }
            } else {
                calm.record(get)
            }
        }
        waiting = undecided
        due = undecided.count + Self.batch
    }
}
