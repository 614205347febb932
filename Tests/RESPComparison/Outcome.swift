package import BulkheadRESP

/// All that a decoder made of one input.
package struct Outcome: Equatable {
    package var values: [RESPValue]
    package var violation: RESPViolation?
    package var offset: Int
    package var isBetweenReplies: Bool
    /// What was wrong already while it was fed: it ran ahead of the input, or forgot its violation.
    package var complaint: String?

    package init(
        values: [RESPValue] = [], violation: RESPViolation? = nil, offset: Int = 0, isBetweenReplies: Bool = true
    ) {
        self.values = values
        self.violation = violation
        self.offset = offset
        self.isBetweenReplies = isBetweenReplies
    }

    package static func == (left: Outcome, right: Outcome) -> Bool {
        left.complaint == right.complaint && left.differs(from: right) == nil
    }

    /// In what they differ, if they do.
    package func differs(from other: Outcome) -> String? {
        if violation != other.violation {
            return "violation \(violation.map(\.description) ?? "none") or "
                + (other.violation.map(\.description) ?? "none")
        }
        if offset != other.offset { return "offset \(offset) or \(other.offset)" }
        if isBetweenReplies != other.isBetweenReplies { return "between replies or not" }
        return values.isSame(as: other.values) ? nil : "values"
    }
}

/// Decodes `wire` in pieces whose sizes `chunk` answers, up to its end or its first violation.
package func decode(_ wire: [UInt8], limits: RESPLimits = RESPLimits(), chunk: () -> Int) -> Outcome {
    var decoder = RESPDecoder(limits: limits)
    var outcome = Outcome()
    var fed = 0
    while fed < wire.count && outcome.violation == nil {
        let upper = min(wire.count, fed + max(1, chunk()))
        wire.withUnsafeBytes { decoder.feed(UnsafeRawBufferPointer(rebasing: $0[fed..<upper])) }
        fed = upper
        do {
            while let value = try decoder.next() { outcome.values.append(value) }
        } catch {
            outcome.violation = error
        }
        if decoder.offset > fed { outcome.complaint = "the offset \(decoder.offset) is ahead of \(fed) bytes fed" }
    }
    outcome.offset = decoder.offset
    outcome.isBetweenReplies = decoder.isBetweenReplies
    guard let violation = outcome.violation else { return outcome }
    decoder.feed("+OK\r\n".utf8)
    do {
        _ = try decoder.next()
        outcome.complaint = "a violation was gone at the next call"
    } catch {
        if error != violation { outcome.complaint = "a violation became another one" }
    }
    return outcome
}
