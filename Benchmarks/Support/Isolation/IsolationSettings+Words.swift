extension IsolationSettings {
    /// Every layout, every noise, and the words of the report, for `--help`.
    package static var words: [ArgumentTable<IsolationSettings>.Words] {
        [
            ("Layouts", IsolationLayout.allCases.map { ($0.word, $0.meaning) }),
            ("Noises", IsolationNoise.allCases.map { ($0.word, $0.meaning) }),
            ("Words of the report", figures + answers),
        ]
    }

    private static func duration(_ nanoseconds: Int64) -> String { Units.duration(nanoseconds: nanoseconds) }

    private static var figures: [(word: String, meaning: String)] {
        let mostTaken = Units.decimal(IsolationRound.mostTaken * 100, places: 0)
        return [
            ("p50, p90, p99, p99.9", "this share of the GETs took at most this long; the median of the rounds"),
            (
                "× idle",
                "the GET p99 divided by the idle p99 of about the same time: the median, with the range in brackets"
            ),
            (
                "range",
                """
                the lowest and the highest round; from 14 rounds on, of the medians of about seven groups of rounds, \
                so that more rounds make it more certain and not wider
                """
            ),
            ("round", "all layouts once, one after the other"),
            (
                "canary",
                """
                the p99 of how late a thread woke that does nothing but sleep: the delay that the machine adds to \
                every GET; without the moments that were set aside
                """
            ),
            (
                "set aside",
                """
                GETs that do not count, in any layout, because the machine was busy: those that were due from \
                \(duration(MachineMoments.lead)) before until \(duration(MachineMoments.trail)) after a moment in \
                which the sleeping thread woke more than \(duration(MachineMoments.lateWake)) late, or stolen time \
                was counted. A late waking that this program's own scan caused sets nothing aside
                """
            ),
            ("stolen", "time that a hypervisor gave to other machines, as Linux counts it"),
            (
                "spoilt",
                """
                a measurement that does not count: other programs took more than \(mostTaken) % of the servers' \
                cores, or more than half of its GETs were set aside
                """
            ),
            ("own error", "how late this program itself handed GETs to the client"),
            (
                "step, slice, page",
                "the work in knowledge does one step at a time: a slice is one pipeline, a page is one SCAN"
            ),
            ("vectors/s", "vectors that the scan read per second; for another noise, what that counts"),
            ("unpaced", "the scan of named databases at full speed, with which paced scans are compared"),
        ]
    }

    private static var answers: [(word: String, meaning: String)] {
        func number(_ value: Double) -> String { IsolationSummary.number(value) }
        return [
            (
                "YES, holds",
                "the whole range is within the limit, \(number(IsolationVerdict.limit)) × idle for the verdict"
            ),
            ("NO, does not hold", "the whole range is beyond the limit"),
            ("holds only with", "not by itself, but with the remedy that is named"),
            (
                "holds, but",
                "nothing was lost, but a flush stopped reads for longer than \(duration(FlushSummary.longestWait))"
            ),
            (
                "UNDECIDED",
                """
                the run supports neither answer. An answer needs \(IsolationGate.fewestRounds) rounds that are not \
                spoilt; an idle p99 of at most \(number(IsolationGate.sanest)) × its p50; a canary of at most half \
                the idle p99, or half the measured delay if that is longer; one connection at \
                \(number(IsolationGate.leastHarm)) × idle or more; no layout faster than idle; and a range on one \
                side of the limit. NO also needs a delay longer than the machine hides
                """
            ),
            (
                "hides delays below",
                "shorter delays cannot be distinguished from the machine's own: its canary, and how much idle varies"
            ),
        ]
    }
}
