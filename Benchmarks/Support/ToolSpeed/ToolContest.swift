/// Programs that do one job in turns, and how often ours has to do it while the usual one does it once.
package struct ToolContest: Sendable {
    /// A program with its words.
    package struct Contestant: Sendable {
        package let name: String
        package let words: [String]
        /// Exit codes that mean that it has done its work.
        package let doneCodes: [Int32]
        /// How many times as fast as the first one it is to be; nil for the first one, and where nothing was promised.
        package let target: Double?
        /// MiB of memory that it is to stay below; nil where nothing was promised.
        package let memoryLimit: Int?

        package init(
            _ name: String, _ words: [String], doneCodes: [Int32] = [0], target: Double? = nil, memoryLimit: Int? = nil
        ) {
            self.name = name
            self.words = words
            self.doneCodes = doneCodes
            self.target = target
            self.memoryLimit = memoryLimit
        }
    }

    /// What one run of a contestant took.
    package struct Turn: Sendable {
        package let seconds: Double
        package let peakBytes: Int

        package init(seconds: Double, peakBytes: Int) {
            self.seconds = seconds
            self.peakBytes = peakBytes
        }
    }

    package let title: String
    /// What is counted, in the plural, and how many of them one run is about.
    package let unit: String
    package let count: Int
    /// The usual program first: the others are divided by it.
    package let contestants: [Contestant]

    package init(_ title: String, count: Int, unit: String, _ contestants: [Contestant]) {
        self.title = title
        self.count = count
        self.unit = unit
        self.contestants = contestants
    }

    /// The places of all contestants in the order of one round: every other round runs backwards, so that none is
    /// always the first.
    package func order(inRound round: Int) -> [Int] {
        round.isMultiple(of: 2) ? Array(contestants.indices) : contestants.indices.reversed()
    }
}

/// What the rounds of a contest have shown.
package struct ToolContestReport: Sendable, Encodable {
    package struct Row: Sendable, Encodable {
        package let name: String
        /// Units of work a second.
        package let rate: Spread
        /// Divided by the usual program's rate in the same round.
        package let ratio: Spread
        package let target: Double?
        /// The most memory of any round.
        package let peakMebibytes: Double
        package let memoryLimit: Int?

        package var isMet: Bool? { target.map { ratio.median >= $0 } }
    }

    package let title: String
    package let unit: String
    package let count: Int
    package let rounds: Int
    package let rows: [Row]

    /// - Parameter turns: one row a round, one column a contestant. Nil without a round.
    package init?(_ contest: ToolContest, turns: [[ToolContest.Turn]]) {
        var rows: [Row] = []
        for (place, contestant) in contest.contestants.enumerated() {
            guard let rate = Spread(turns.map { Double(contest.count) / $0[place].seconds }),
                let ratio = Spread(turns.map { $0[0].seconds / $0[place].seconds })
            else { return nil }
            rows.append(
                Row(
                    name: contestant.name, rate: rate, ratio: ratio, target: contestant.target,
                    peakMebibytes: Double(turns.map { $0[place].peakBytes }.max() ?? 0) / 1_048_576,
                    memoryLimit: contestant.memoryLimit))
        }
        title = contest.title
        unit = contest.unit
        count = contest.count
        rounds = turns.count
        self.rows = rows
    }

    /// A table of 80 columns: medians, and from the worst to the best of all rounds.
    package func text() -> String {
        var table = Table(columns: [
            .text(title), .number("\(unit) a second"), .number("times as fast"), .number("target"),
        ])
        for row in rows {
            table.append([
                row.name, row.rate.text { Units.count(Int($0)) }, row.ratio.text { Units.decimal($0, places: 1) },
                row.target.map { "≥ \(Units.decimal($0, places: 1))\(row.isMet == true ? "" : ", missed")" } ?? "–",
            ])
        }
        let memory = rows.compactMap { row in
            row.memoryLimit.map {
                "Memory of \(row.name): at most \(Units.decimal(row.peakMebibytes, places: 0)) MiB "
                    + "(wanted: less than \($0)\(row.peakMebibytes < Double($0) ? "" : ", missed")).\n"
            }
        }
        return table.text() + "Medians of \(rounds) rounds (worst–best), \(Units.grouped(count)) \(unit).\n"
            + memory.joined()
    }
}
