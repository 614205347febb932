/// Whether a scan of vectors in one named database leaves the cache in another one of the same server alone.
package struct IsolationVerdict: Sendable, Equatable, Encodable {
    package enum Answer: String, Sendable, Equatable, Encodable {
        case yes
        /// The typical GET is not slower, the slow ones are.
        case onlyAtTheMedian = "only at the median"
        case no
        /// The measurement was disturbed too much to say.
        case undecided
    }

    /// How many times its idle p99 a GET may take for the claim to hold.
    package static let limit = 1.5
    /// The claim that is judged.
    package static let claim = "vector scans don't affect cache operations"
    /// The rule, in words.
    package static let criterion =
        "it holds when the GET p99 while scanned is within \(Units.decimal(limit, places: 1)) × the idle p99 about the "
        + "same time, at the median of the rounds"

    package let answer: Answer
    /// The question, the answer and the figures, as they stand under the table.
    package let text: String

    package init(named: IsolationSummary, idle: IsolationSummary) {
        let isWithin: (Spread?) -> Bool = { ($0?.median ?? .infinity) <= Self.limit }
        let undisturbed: Answer =
            isWithin(named.p99TimesIdle) ? .yes : isWithin(named.p50TimesIdle) ? .onlyAtTheMedian : .no
        let objection = Self.objection(to: undisturbed, named: named, idle: idle)
        answer = objection == nil ? undisturbed : .undecided
        let p99 = named.p99TimesIdle.map { ", \(IsolationSummary.times($0))" } ?? ""
        let p50 = named.p50TimesIdle.map { "; p50 \(IsolationSummary.times($0))" } ?? ""
        text =
            "VERDICT: does \"\(Self.claim)\" hold for named databases on one server? \(answer.rawValue.uppercased()): "
            + "GET p99 \(Units.duration(nanoseconds: named.p99OfRounds.median)) while scanned against "
            + "\(Units.duration(nanoseconds: idle.p99OfRounds.median)) idle\(p99)\(p50) (\(Self.criterion))."
            + (objection.map { " Undecided because \($0)." } ?? "")
    }

    /// What forbids an answer, in words; nil when nothing does.
    private static func objection(to answer: Answer, named: IsolationSummary, idle: IsolationSummary) -> String? {
        let decisive = named.decisive(idle: idle, isCalm: answer == .yes)
        if decisive.isMostlyOwnError {
            return "more than half of the p99 of \(decisive.case.name) may be this program's own lateness: run it "
                + "again while nothing else runs on the machine"
        }
        if answer == .yes, idle.isUnsteady {
            return "the p99 of idle rounds differs more than twofold, which makes any scan look harmless: run it "
                + "again while nothing else runs on the machine"
        }
        if named.roundsDisagree() {
            return "the rounds disagree: run it again with more --seconds and --rounds, while nothing else runs on "
                + "the machine"
        }
        return nil
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(answer, forKey: .answer)
        try values.encode(Self.claim, forKey: .claim)
        try values.encode(Self.criterion, forKey: .criterion)
        try values.encode(text, forKey: .text)
    }

    private enum CodingKeys: String, CodingKey { case answer, claim, criterion, text }
}
