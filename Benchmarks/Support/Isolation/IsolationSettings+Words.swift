extension IsolationSettings {
    /// Every layout, every noise, and the words of the report, for `--help`.
    static var words: [(title: String, meanings: [(word: String, meaning: String)])] {
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
            ("p50, p90, p99, p99.9", "so many of 100 GETs took at most this long; the median of the rounds"),
            ("× idle", "a GET p99 divided by that of idle about the same time: the median, and in brackets the range"),
            (
                "range",
                """
                the lowest and the highest round; of 14 rounds and more the medians of about seven parts, so that \
                more rounds make it surer and not wider
                """
            ),
            ("round", "all layouts once, one after the other"),
            (
                "canary",
                """
                how late a thread woke, at its p99, that only sleeps: what the machine adds to every GET; without the \
                moments that were set aside
                """
            ),
            (
                "set aside",
                """
                the sleeping thread woke more than \(duration(MachineMoments.lateWake)) late, or stolen time was \
                counted: GETs that were meant to leave from \(duration(MachineMoments.lead)) before that until \
                \(duration(MachineMoments.trail)) after it do not count, in any layout, however long they took; where \
                this program's own scan kept the thread from waking, that is not the machine's doing
                """
            ),
            ("stolen", "time that a hypervisor gave to other machines, as Linux counts it"),
            (
                "spoilt",
                """
                a measurement that does not count: others had more than \(mostTaken) % of the servers' cores, or more \
                than half of its GETs were set aside
                """
            ),
            ("own error", "how late this program itself handed GETs to the client"),
            (
                "step, slice, page",
                "what the work in knowledge waits for at once: a slice is one pipeline, a page one SCAN"
            ),
            ("vectors/s", "vectors that the scan read a second, or what else a noise counts"),
            ("unpaced", "the scan of named databases, at full speed; the paced ones are compared with it"),
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
            ("holds only with", "not by itself, but with what is named"),
            (
                "holds, but",
                "nothing was lost, and a flush stopped reads for longer than \(duration(FlushSummary.longestWait))"
            ),
            (
                "UNDECIDED",
                """
                the run allows neither. An answer takes \(IsolationGate.fewestRounds) rounds that are not spoilt; an \
                idle p99 within \(number(IsolationGate.sanest)) × its p50; a canary within half of the idle p99, or of \
                the delay seen where that is longer; one connection at \(number(IsolationGate.leastHarm)) × idle or \
                more; no layout that beats idle; and a range on one side of the limit. NO also takes a delay longer \
                than what the machine hides
                """
            ),
            (
                "hides delays below",
                "shorter ones cannot be told from the machine: its canary, and how far idle differs from itself"
            ),
        ]
    }
}
