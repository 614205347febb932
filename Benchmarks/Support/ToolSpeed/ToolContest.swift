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

        package init(_ name: String, _ words: [String], doneCodes: [Int32] = [0], target: Double? = nil) {
            self.name = name
            self.words = words
            self.doneCodes = doneCodes
            self.target = target
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

        package var isMet: Bool? { target.map { ratio.median >= $0 } }
    }

    package let title: String
    package let unit: String
    package let count: Int
    package let rounds: Int
    package let rows: [Row]

    /// - Parameter seconds: one row a round, one column a contestant. Nil without a round.
    package init?(_ contest: ToolContest, seconds: [[Double]]) {
        var rows: [Row] = []
        for (place, contestant) in contest.contestants.enumerated() {
            guard let rate = Spread(seconds.map { Double(contest.count) / $0[place] }),
                let ratio = Spread(seconds.map { $0[0] / $0[place] })
            else { return nil }
            rows.append(Row(name: contestant.name, rate: rate, ratio: ratio, target: contestant.target))
        }
        title = contest.title
        unit = contest.unit
        count = contest.count
        rounds = seconds.count
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
        return table.text() + "Medians of \(rounds) rounds (worst–best), \(Units.grouped(count)) \(unit).\n"
    }
}
