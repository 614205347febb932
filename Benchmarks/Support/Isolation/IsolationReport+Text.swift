extension IsolationReport {
    /// The report for people: how it was measured, the table, a sentence for each layout, and the verdict.
    package func text(on screen: Screen = Screen(columns: Screen.fallbackColumns)) -> String {
        let width = screen.proseColumns
        func items(_ sentences: [String]) -> [String] { sentences.flatMap { Self.item($0, on: screen) } }
        var lines = conditions.wrapped(to: width) + [""] + table.lines(on: screen) + [""]
        if let otherUnits { lines += otherUnits.wrapped(to: width) + [""] }
        lines += stepsMeaning.wrapped(to: width) + [""] + stepTable.lines(on: screen) + [""]
        lines += items((sentences + skipped).map { $0 + "." } + [errorBound] + canary + setAside + failures)
        if !truths.isEmpty {
            lines +=
                [""]
                + "What the server of the cache counted in the first round, warm-up included:".wrapped(to: width)
        }
        lines += items(truths) + ["", "Claims:"] + items(claims.map { $0.text + "." })
        lines += [""] + verdict.text.wrapped(to: width)
        return lines.map { $0 + "\n" }.joined()
    }

    var conditions: String {
        let arrivals = settings.even ? "evenly" : "Poisson"
        let places = servers.map { server in
            "\(server.version) at \(server.address)" + (server.core.map { " on core \($0)" } ?? "")
        }
        return "GET of \(settings.valueSize) bytes in main, open loop, \(Units.rate(perSecond: settings.rate)) "
            + "intended (\(arrivals)); SCAN COUNT \(Units.grouped(settings.count)) with HMGET of "
            + "\(settings.dimensions)-dimensional vectors, \(Units.grouped(settings.vectors)) of them; "
            + "\(settings.rounds) round\(settings.rounds == 1 ? "" : "s") of "
            + "\(Units.decimal(settings.seconds, places: 1)) s, all layouts in turn\(thinned); percentiles are "
            + "medians of the rounds, × idle is the p99 divided by the idle p99 of about the same time\(range); "
            + "canary is how late a thread woke that only sleeps. GETs that were due while the machine was busy are "
            + "set aside in all layouts. "
            + "Servers: \(places.joined(separator: ", ")). This program: \(machine.text) cores."
    }

    private var thinned: String {
        let most = RoundPlan.stride(of: settings.rounds)
        return most > 1 ? " (those far from idle every \(most) rounds)" : ""
    }

    /// What the brackets behind a factor hold: the range of n samples misses the true median once in 2^(n-1).
    private var range: String {
        let rounds = summaries.map(\.p99TimesIdleOfRounds).filter { !$0.isEmpty }
        let counts = rounds.map { IsolationGate.parts($0).count }
        let parts = rounds.map(\.count) == counts ? "" : " over about seven parts of the rounds"
        guard let fewest = counts.min(), fewest > 1 else { return "" }
        let certainty = fewest > 8 ? "more than 99" : Units.decimal(100 - 100 / Double(1 << (fewest - 1)), places: 0)
        return ", with its range in brackets\(parts), which holds the true value with \(certainty) % certainty"
            + (counts.allSatisfy { $0 == fewest } ? "" : " or more")
    }

    /// What the last column counts where it is not vectors.
    var otherUnits: String? {
        let noises = IsolationNoise.allCases.filter { noise in
            noise.unit != "vectors" && summaries.contains { $0.case.noise == noise }
        }
        if noises.isEmpty { return nil }
        let units = noises.map(\.unit).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        let meanings = units.map { unit in
            "\(unit) of " + noises.filter { $0.unit == unit }.map(\.name).joined(separator: ", ")
        }
        return "vectors/s also stands for " + meanings.joined(separator: "; for ") + "."
    }

    private var table: Table {
        var table = Table(columns: [
            .text("layout"), .number("p50"), .number("p99"), .number("p99.9"), .number("× idle"),
            .number("canary"), .number("vectors/s"),
        ])
        for summary in summaries {
            let latency = summary.getLatencyOfRounds
            let durations = [latency.p50, latency.p99, latency.p999]
            table.append(
                [summary.case.name] + durations.map { Units.duration(nanoseconds: $0) } + [
                    summary.p99TimesIdle.map { Units.decimal($0.median, places: 1) } ?? "–",
                    summary.calmCanary.map { Units.duration(nanoseconds: $0.p99) } ?? "–",
                    summary.vectorsPerSecond.map { Units.count(Int($0.rounded())) } ?? "–",
                ])
        }
        return table
    }

    /// What the second table says.
    var stepsMeaning: String {
        let noises = Set(summaries.filter(\.layout.isScanned).map(\.case.noise))
        let meanings: [(step: String, meaning: String)] = [
            (
                "slice",
                " A slice is one pipeline for at most \(Units.grouped(settings.count)) keys, in scans of vectors with "
                    + "the page of keys and the pause of the pace that come before it"
                    + (noises.contains(.migration) ? "; of DUMP+RESTORE it is two." : ".")
            ),
            ("page", " A page is one SCAN" + (noises.contains(.mget) ? ", of SCAN+MGET with the MGET." : ".")),
            ("snapshot", " A snapshot is one SYNC; those that the end of a round cuts short are left out."),
        ]
        let elsewhere = noises.contains(.mget) || noises.contains(.vsim) ? " (of SCAN+MGET and VSIM in analytics)" : ""
        return "Steps of the work in knowledge\(elsewhere) at the same time: how long a caller waits for one. Medians "
            + "of the rounds; max is of all rounds."
            + meanings.filter { step, _ in noises.contains { $0.step == step } }.map(\.meaning).joined()
    }

    private var stepTable: Table {
        var table = Table(columns: [
            .text("layout"), .text("step"), .number("steps"), .number("p50"), .number("p90"), .number("p99"),
            .number("max"),
        ])
        for summary in summaries where summary.layout.isScanned {
            table.append([summary.case.name, summary.case.noise.step] + summary.stepCells([\.p50, \.p90, \.p99]))
        }
        return table
    }

    /// What the measurement itself may have added.
    var errorBound: String {
        let worst = summaries.max { $0.senderLateness.p99 < $1.senderLateness.p99 }
        guard let worst else { return "" }
        let doubtful = summaries.filter(\.isMostlyOwnError).map { "\"\($0.case.name)\"" }
        return "own error: in the worst layout (\(worst.case.name)) 99 of 100 GETs were handed to the client at most "
            + "\(Units.duration(nanoseconds: worst.senderLateness.p99)) late, which is part of the latencies above"
            + (doubtful.isEmpty
                ? "."
                : "; it is more than half of the p99 of \(doubtful.joined(separator: ", ")), so do not rely on that.")
    }

    /// What a thread saw that did nothing but sleep: the machine's part.
    var canary: [String] {
        let worst = summaries.compactMap { summary in summary.canary.map { (summary, $0) } }
            .max { $0.1.p99 < $1.1.p99 }
        guard let (summary, late) = worst else { return [] }
        return [
            "canary: in the worst layout (\(summary.case.name)) the sleeping thread woke at most "
                + "\(Units.duration(nanoseconds: late.p99)) late 99 times of 100, and once "
                + "\(Units.duration(nanoseconds: late.max)), with what was set aside; the table has its p99 without."
        ]
    }

    /// How much of the run the machine took.
    var setAside: [String] {
        let most = summaries.filter { $0.spoiltRounds < $0.rounds }.max { $0.setAsideShare < $1.setAsideShare }
        let spoilt = summaries.filter { $0.spoiltRounds > 0 }
        var lines: [String] = []
        if let most, most.setAsideShare > 0 {
            lines.append(
                "set aside: \(Units.decimal(gate.setAside.share * 100, places: 1)) % of the GETs of the rounds that "
                    + "count (at most \(Units.decimal(most.setAsideShare * 100, places: 1)) %, of \(most.case.name)) "
                    + "were due at about a moment in which the sleeping thread woke more than "
                    + "\(Units.duration(nanoseconds: MachineMoments.lateWake)) late or time was stolen.")
        }
        if !spoilt.isEmpty {
            lines.append(
                "spoilt rounds, which do not count: "
                    + spoilt.map { "\($0.spoiltRounds) of \($0.rounds) of \($0.case.name)" }.joined(separator: ", ")
                    + ".")
        }
        return lines
    }

    private var truths: [String] {
        summaries.compactMap { summary in summary.truth.map { "\(summary.case.name): \($0.text)" } }
    }

    var failures: [String] {
        summaries.filter { $0.failedGets > 0 }.map {
            "failures: \(Units.grouped($0.failedGets)) GETs of \"\($0.case.name)\" failed or stayed unanswered and "
                + "are in no percentile."
        }
    }

    private static func item(_ sentence: String, on screen: Screen) -> [String] {
        sentence.wrapped(to: screen.proseColumns(behind: 2)).enumerated().map { ($0 == 0 ? "- " : "  ") + $1 }
    }
}

extension IsolationSummary {
    var setAsideShare: Double { Double(setAsideGets) / Double(max(1, answeredGets)) }

    /// How many steps, these percentiles of the rounds, and the longest of all; dashes where no step ended.
    func stepCells(_ percentiles: [KeyPath<Percentiles, Int64>]) -> [String] {
        let times = percentiles.map { stepLatencyOfRounds?[keyPath: $0] } + [stepLatency?.max]
        return [Units.count(steps ?? 0)] + times.map { $0.map { Units.duration(nanoseconds: $0) } ?? "–" }
    }
}
