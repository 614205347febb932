/// Where a large reply is read while GETs of `main` are measured.
package enum LargeReplyPlace: String, Sendable, CaseIterable, Encodable {
    /// Nowhere: what the others are compared with.
    case idle
    /// In `knowledge`, by a bare socket that drops it: what the server alone makes GETs wait.
    case bareSocket = "bare socket"
    case knowledge
    case main
}

/// How GETs of `main` fare while a large reply is read, round by round.
///
/// As JSON: `benchmark`, `format`, `date`, `machine`, `server`, `options` and `places`, each with `place`, `p50` and
/// `p99` of its rounds (`median`, `min` and `max` in nanoseconds), `p50_times_idle` and `p99_times_idle` (the same
/// three, as factors of the same round's; not for idle), `sender_lateness_p99` in nanoseconds, `answered_gets`,
/// `failed_gets`, `replies_per_second`, and `reply_p50` and `reply_p99`, how long one reply took whoever read it (the
/// three of `p50`; not for idle, nor where none was read to its end). A round of a second has some twenty replies of
/// 50 MiB: its p99 is the slowest.
package struct LargeReplyReport: Sendable, Encodable {
    package struct Place: Sendable, Encodable {
        package let place: LargeReplyPlace
        /// Of its rounds, in nanoseconds.
        package let p50, p99: Spread
        package let p50TimesIdle, p99TimesIdle: Spread?
        /// The worst round's: what the program itself adds, at most.
        package let senderLatenessP99: Int64
        package let answeredGets: Int
        package let failedGets: Int
        package let repliesPerSecond: Double
        /// How long a large reply took from its command to its end, of the rounds, in nanoseconds.
        package let replyP50, replyP99: Spread?
    }

    private let benchmark = "large reply"
    private let format = 1
    package let date: String
    package let machine: CPUPinning
    package let server: IsolationReport.Server
    package let options: IsolationSettings
    package let places: [Place]

    /// Nil if in some place no GET was answered. Every round holds one measurement of each place.
    package init?(
        date: String, machine: CPUPinning, server: IsolationReport.Server, settings: IsolationSettings,
        rounds: [[LargeReplyPlace: ProbeMeasurement]]
    ) {
        self.date = date
        self.machine = machine
        self.server = server
        options = settings
        var places: [Place] = []
        for place in LargeReplyPlace.allCases {
            let seen = rounds.compactMap { $0[place] }
            let idle = rounds.compactMap { $0[.idle] }
            let times = [50.0, 99].map { percent in
                (
                    seen.compactMap { $0.latencies.percentile(percent).map(Double.init) },
                    idle.compactMap { $0.latencies.percentile(percent).map(Double.init) }
                )
            }
            guard seen.count == rounds.count, times.allSatisfy({ $0.count == seen.count && $1.count == seen.count }),
                let p50 = Spread(times[0].0), let p99 = Spread(times[1].0)
            else { return nil }
            func timesIdle(_ times: ([Double], [Double])) -> Spread? {
                place == .idle ? nil : Spread(zip(times.0, times.1).map { $0 / max(1, $1) })
            }
            func reply(_ percent: Double) -> Spread? {
                Spread(seen.compactMap { $0.steps.percentile(percent).map(Double.init) })
            }
            let workSeconds = seen.reduce(0) { $0 + $1.workSeconds }
            places.append(
                Place(
                    place: place, p50: p50, p99: p99, p50TimesIdle: timesIdle(times[0]),
                    p99TimesIdle: timesIdle(times[1]),
                    senderLatenessP99: seen.compactMap { $0.lateness.percentile(99) }.max() ?? 0,
                    answeredGets: seen.reduce(0) { $0 + $1.answeredGets },
                    failedGets: seen.reduce(0) { $0 + $1.failedGets },
                    repliesPerSecond: workSeconds > 0 ? Double(seen.reduce(0) { $0 + $1.work }) / workSeconds : 0,
                    replyP50: reply(50), replyP99: reply(99)))
        }
        self.places = places
    }

    /// The report for people: how it was measured, the table, and what the program itself may have added.
    package func text(on screen: Screen = Screen(columns: Screen.fallbackColumns)) -> String {
        let width = screen.proseColumns
        var table = Table(columns: [
            .text("read by, in"), .number("p50"), .number("p99"), .number("p99 × idle"), .number("replies/s"),
            .number("reply p50"),
        ])
        for place in places {
            table.append([
                place.place.rawValue, place.p50.text { Units.duration(nanoseconds: $0) },
                place.p99.text { Units.duration(nanoseconds: $0) },
                place.p99TimesIdle?.text { Units.decimal($0, places: 1) } ?? "–",
                place.place == .idle ? "–" : Units.decimal(place.repliesPerSecond, places: 1),
                place.replyP50?.text { Units.duration(nanoseconds: $0) } ?? "–",
            ])
        }
        var lines = conditions.wrapped(to: width) + [""] + table.lines(on: screen) + [""]
        lines += ownError.wrapped(to: width)
        return lines.map { $0 + "\n" }.joined()
    }

    private var conditions: String {
        "GET of \(options.valueSize) bytes in main, open loop, \(Units.rate(perSecond: options.rate)) intended "
            + "(\(options.even ? "evenly" : "Poisson")), while one LRANGE of \(options.largeReply) MiB after the other "
            + "is read, by a bare socket or by this client in a database; median (range) of \(options.rounds) rounds "
            + "of \(Units.decimal(options.seconds, places: 1)) s. "
            + "Server: \(server.version) at \(server.address)" + (server.core.map { " on core \($0)" } ?? "")
            + ". This program: \(machine.text) cores."
    }

    private var ownError: String {
        let lateness = places.map(\.senderLatenessP99).max() ?? 0
        let failed = places.reduce(0) { $0 + $1.failedGets }
        return "Own error: in the worst round 99 of 100 GETs were handed to the client at most "
            + "\(Units.duration(nanoseconds: lateness)) late, which is part of the above. "
            + "\(Units.grouped(failed)) GETs failed."
    }
}
