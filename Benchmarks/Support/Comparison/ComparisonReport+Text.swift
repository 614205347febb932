extension ComparisonReport {
    /// The report for people: how it was measured, a table for each section, and where.
    package func text(width: Int = Table.defaultWidth) -> String {
        var lines = conditions.wrapped(to: width)
        for section in ComparisonPoint.Section.allCases {
            let rows = rows.filter { $0.point.section == section }
            guard !rows.isEmpty else { continue }
            let table = section.judgesRatio ? Self.ratioTable(rows) : Self.figureTable(rows)
            lines += [""] + section.title.wrapped(to: width) + [""] + table.lines(width: width)
        }
        let sentences = notes + skipped
        if !sentences.isEmpty { lines.append("") }
        for sentence in sentences {
            lines += sentence.wrapped(to: width - 2).enumerated().map { ($0 == 0 ? "- " : "  ") + $1 }
        }
        lines += [""] + place.wrapped(to: width)
        return lines.map { $0 + "\n" }.joined()
    }

    private static func ratioTable(_ rows: [ComparisonRow]) -> Table {
        var table = Table(columns: [
            .text("work"), .number("ours"), .number("beside"), .number("ratio"), .number("target"), .text("verdict"),
        ])
        for row in rows {
            let unit = row.point.unit
            table.append([
                row.point.name, unit.text(row.ours.median), row.beside.map { unit.text($0.median) } ?? "–",
                row.ratio?.text(ComparisonPoint.short) ?? "–",
                row.point.targetText ?? "–", row.verdict ?? "–",
            ])
        }
        return table
    }

    private static func figureTable(_ rows: [ComparisonRow]) -> Table {
        let hasBeside = rows.contains { $0.beside != nil }
        var table = Table(
            columns: [.text("work"), .number("ours")] + (hasBeside ? [.number("beside")] : [])
                + [.number("target"), .text("verdict")])
        for row in rows {
            let unit = row.point.unit
            let beside = row.beside.map { unit.text($0.median) } ?? "–"
            table.append(
                [row.point.name, row.samples.count == 1 ? unit.text(row.ours.median) : row.ours.text(unit.text)]
                    + (hasBeside ? [beside] : []) + [row.point.targetText ?? "–", row.verdict ?? "–"])
        }
        return table
    }

    private var conditions: String {
        let cores =
            pinned.map { "the server on core \($0.serverCore), each program on core \($0.clientCore)" }
            ?? "nothing pinned, so expect noise"
        return "Programs took turns on one \(server) of their own, \(cores): \(rounds) "
            + "round\(rounds == 1 ? "" : "s") of about \(Units.decimal(seconds, places: 1)) s each, every other one "
            + "backwards. Medians (least–most) of the rounds; a ratio is ours ÷ beside of the same round."
    }

    private var notes: [String] {
        let sections = Set(rows.map(\.point.section))
        var notes: [String] = []
        if sections.contains(.redisBenchmark) {
            notes.append(
                "GETs return a String through a named database. redis-benchmark runs with -c 1, -c 50 and -c 1 -P 100; "
                    + "1,000 callers share one connection and are compared with its -c 50, and once with its -c 1000.")
        }
        if sections.contains(.loop) {
            notes.append(
                "The loop drops its replies, of which it counts the bytes. Where a cache is busy, a thread beside on "
                    + "the same core walks through \(Units.grouped(ComparedProgram.busyCache)) KiB of memory every "
                    + "200 µs.")
        }
        if sections.contains(.receiving) {
            notes.append(
                "MGET reads \(ComparedProgram.vectors) vectors of \(Units.grouped(ComparedProgram.vectorSize)) bytes "
                    + "to [Float]; values of HGETALL and XREAD have \(ComparedProgram.valueSize) bytes, and they and "
                    + "keys become Strings, those of HGETALL in a Dictionary.")
        }
        if rows.contains(where: { $0.point == .asyncLatency || $0.point == .blockingLatency }) {
            notes.append(
                "redis-benchmark counts latencies in steps of 8 µs and prints the end of one; its middle stands here.")
        }
        if sections.contains(.allocations) {
            notes.append("Allocations are calls of malloc and its kin, counted in two runs; the difference is shown.")
        }
        return notes
    }

    private var place: String {
        var kind = "\(machine.processor), \(machine.coreCount) core\(machine.coreCount == 1 ? "" : "s")"
        if let cycles = machine.cyclesPerSecond {
            kind += " of about \(Units.decimal(cycles / 1e9, places: 1)) G cycles a second"
        }
        if let cache = machine.secondLevelCache { kind += ", \(Units.grouped(cache >> 10)) KiB of L2 cache" }
        let load = machine.load.map { " The load before was \(Units.decimal($0, places: 1))." } ?? ""
        let stolen = machine.stolen.map { part in
            " The host gave \(Units.decimal(part * 100, places: 1)) % of the time to others."
        }
        return "\(kind), \(machine.kernel); \(machine.swift); \(server). \(date), "
            + (commit.map { "commit \($0)." } ?? "commit unknown.") + load + (stolen ?? "")
    }
}
