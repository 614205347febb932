/// Whether a scan of vectors in one named database leaves the cache in another one of the same server alone.
package struct IsolationVerdict: Sendable, Equatable, Encodable {
    package enum Answer: String, Sendable, Equatable, Encodable {
        case yes
        case no
        /// The measurement does not allow either.
        case undecided
    }

    /// How many times its idle p99 a GET may take for the claim to hold.
    package static let limit = 1.5
    /// The claim that is judged.
    package static let claim = "vector scans don't affect cache operations"
    /// The rule, in words.
    package static let criterion =
        "it holds if the GET p99 during scans is at most \(Units.decimal(limit, places: 1)) × the idle p99 of about "
        + "the same time, over the whole range of the rounds; it does not hold if the whole range is above that"

    package let answer: Answer
    /// Why it is undecided; nil otherwise.
    package let reason: String?
    /// Delays shorter than this cannot be distinguished from the machine's own, in nanoseconds.
    package let hiddenDelay: Int64
    /// The answer, the figures and what the machine did, in three sentences, as they stand under the table.
    package let text: String

    private static let named = IsolationCase(.namedDatabases)

    package init(_ gate: IsolationGate) {
        let side = gate.side(of: Self.named, limit: Self.limit)
        hiddenDelay = Int64(gate.hiddenDelay)
        switch side {
        case .within: (answer, reason) = (.yes, nil)
        case .beyond: (answer, reason) = (.no, nil)
        case .open(let why): (answer, reason) = (.undecided, why)
        }
        let sentences = [
            "VERDICT: \(answer.rawValue.uppercased()), " + Self.meaning(of: answer),
            reason.map { "The reason: \($0)" } ?? Self.figures(gate),
            Self.machine(gate) + (answer == .undecided ? ": run it again while nothing else runs" : ""),
        ]
        text = sentences.map { $0 + "." }.joined(separator: " ")
    }

    private static func meaning(of answer: Answer) -> String {
        let claim = "\"\(claim)\""
        return switch answer {
        case .yes: "\(claim) holds for named databases on one server"
        case .no: "\(claim) does not hold for named databases on one server"
        case .undecided: "this run cannot tell whether \(claim) holds for named databases on one server"
        }
    }

    private static func figures(_ gate: IsolationGate) -> String {
        let idle = gate.typical(IsolationCase(.idle), \.p99).map { Units.duration(nanoseconds: $0) } ?? "–"
        let own = gate.typical(named, \.p99).map { Units.duration(nanoseconds: $0) } ?? "–"
        return "During the scan the GET p99 is \(own) against \(idle) idle, "
            + "\(gate.times(named).map { IsolationSummary.times($0) } ?? "–"), and the limit is "
            + "\(IsolationSummary.number(limit)) ×"
    }

    private static func machine(_ gate: IsolationGate) -> String {
        let (share, spoilt, measured) = gate.setAside
        let hidden = "This machine hides delays below \(Units.duration(nanoseconds: gate.hiddenDelay))"
        if spoilt == measured { return hidden + " and spoilt all \(Units.counted(measured, "measurement"))" }
        return hidden + "; it spoilt \(spoilt) of \(Units.counted(measured, "measurement")), and of the others "
            + "\(Units.decimal(share * 100, places: 1)) % of the GETs do not count"
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(answer, forKey: .answer)
        try values.encodeIfPresent(reason, forKey: .reason)
        try values.encode(hiddenDelay, forKey: .hiddenDelay)
        try values.encode(Self.claim, forKey: .claim)
        try values.encode(Self.criterion, forKey: .criterion)
        try values.encode(text, forKey: .text)
    }

    private enum CodingKeys: String, CodingKey { case answer, reason, hiddenDelay, claim, criterion, text }
}
