extension IsolationSettings {
    /// Every layout, every noise, and the words of the report, for `--help`.
    static var words: [(title: String, meanings: [(word: String, meaning: String)])] {
        [
            ("Layouts", IsolationLayout.allCases.map { ($0.word, $0.meaning) }),
            ("Noises", IsolationNoise.allCases.map { ($0.word, $0.meaning) }),
            ("Words of the report", report),
        ]
    }

    private static var report: [(word: String, meaning: String)] {
        let times = Units.duration(nanoseconds:) as (Int64) -> String
        return [
            ("p50, p90, p99, p99.9", "so many of 100 GETs took at most this long; the median of the rounds"),
            (
                "× idle",
                "a GET p99 divided by that of idle about the same time: the median, and in brackets the range"
            ),
            (
                "range",
                "the lowest and the highest round; of 14 rounds and more the medians of about seven parts, so that more "
                    + "rounds make it surer and not wider"
            ),
            ("round", "all layouts once, one after the other"),
            (
                "canary",
                "how late a thread woke, at its p99, that only sleeps: what the machine adds to every GET; without the "
                    + "moments that were set aside"
            ),
            (
                "set aside",
                "the sleeping thread woke more than \(times(MachineMoments.lateWake)) late, or stolen time was counted: "
                    + "GETs that were meant to leave from \(times(MachineMoments.lead)) before that until "
                    + "\(times(MachineMoments.trail)) after it do not count, in any layout, however long they took"
            ),
            ("stolen", "time that a hypervisor gave to other machines, as Linux counts it"),
            (
                "spoilt",
                "a round that does not count: others had more than "
                    + "\(Units.decimal(IsolationRound.mostTaken * 100, places: 0)) % of the cores' time, or more than half "
                    + "of its GETs were set aside"
            ),
            ("own error", "how late this program itself handed GETs to the client"),
            (
                "step, slice, page",
                "what the work in knowledge waits for at once: a slice is one pipeline, a page one SCAN"
            ),
            ("vectors/s", "vectors that the scan read a second, or what else a noise counts"),
            ("unpaced", "the scan of named databases, at full speed; the paced ones are compared with it"),
            (
                "YES, holds",
                "the whole range is within the limit, \(IsolationSummary.number(IsolationVerdict.limit)) × idle for the "
                    + "verdict"
            ),
            ("NO, does not hold", "the whole range is beyond the limit"),
            ("holds only with", "not by itself, but with what is named"),
            (
                "holds, but",
                "nothing was lost, and a flush stopped reads for longer than \(times(FlushSummary.longestWait))"
            ),
            (
                "UNDECIDED",
                "the run allows neither. An answer takes \(IsolationGate.fewestRounds) rounds that are not spoilt, an idle "
                    + "p99 within \(IsolationSummary.number(IsolationGate.sanest)) × its p50, a canary within half of the "
                    + "idle p99, one connection at \(IsolationSummary.number(IsolationGate.leastHarm)) × idle or more, no "
                    + "layout that beats idle, and a range on one side of the limit"
            ),
            (
                "hides delays below",
                "what cannot be told from the machine: its canary, or how far idle differs from itself, whichever is more"
            ),
        ]
    }
}
