import BulkheadRESP

/// What the server answered to a transaction: to MULTI, to each command when it was queued, and to EXEC.
///
/// Nothing of it has run if EXEC was answered by EXECABORT, or if everything was refused, MULTI too.
struct TransactionReplies: Replies {
    private let all: [RESPValue]

    init(_ replies: [RESPValue]) { all = replies }

    /// The reply to MULTI.
    var begin: RESPValue { all.first ?? .null }
    /// The reply to EXEC.
    var end: RESPValue { all.last ?? .null }
    /// What was answered when the commands were queued.
    private var queued: ArraySlice<RESPValue> { all.dropFirst().dropLast() }

    /// The first command that was refused when it was queued, by its place.
    var firstRefused: (position: Int, message: RESPBytes)? {
        for (position, reply) in queued.enumerated() {
            if let message = reply.errorMessage { return (position, message) }
        }
        return nil
    }

    var areAllErrors: Bool { all.allSatisfy { $0.errorMessage != nil } }

    private var isKnownNotToHaveRun: Bool {
        end.errorMessage?.starts(with: "EXECABORT".utf8) == true || areAllErrors
    }

    var count: Int { all.count }

    /// Those to what was sent, in order, and behind them what EXEC's reply holds.
    func forEachReply(_ body: (RESPValue) -> Void) {
        all.forEach(body)
        results.forEach(body)
    }

    func forEachVerdict(_ body: (RESPValue) -> Void) { all.forEach(body) }
    static var verdictsAreServers: Bool { true }

    var firstError: RESPBytes? { all.firstError ?? results.firstError }

    /// What the commands answered when they ran.
    private var results: [RESPValue] { end.withoutAttributes.elements.map { Array($0) } ?? [] }

    // What the commands answered when they ran says nothing here: scripts may answer what they like.
    var mayNotStand: Bool { refusals.first != nil }

    var commonRefusal: Refusal? { isKnownNotToHaveRun ? refusals.first : nil }

    var showsWrongConnection: Bool { refusals.contains(where: \.isOfConnection) }

    private var refusals: [Refusal] {
        if all.firstError == nil { return [] }
        let refusals = all.compactMap(\.refusal)
        guard refusals.isEmpty, let message = end.errorMessage, let refusal = Refusal(behindAbort: message)
        else { return refusals }
        return [refusal]
    }
}

extension Refusal {
    /// What a server says that was ready when the commands were queued, and not any more when EXEC came.
    fileprivate init?(behindAbort message: RESPBytes) {
        let text = String(decoding: message, as: UTF8.self)
        let introduction = "EXECABORT Transaction discarded because of: "
        guard text.hasPrefix(introduction) else { return nil }
        self.init(RESPBytes(text.dropFirst(introduction.count).utf8))
    }
}
