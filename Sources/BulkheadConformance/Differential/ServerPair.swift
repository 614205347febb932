/// Two servers that are sent the same.
final class ServerPair {
    let left: DifferentialSide
    let right: DifferentialSide
    private let databases: [Int]
    private let timeLimit: Duration

    init(_ left: DifferentialSide, _ right: DifferentialSide, _ options: DifferentialOptions) {
        self.left = left
        self.right = right
        databases = options.databases
        timeLimit = options.timeLimit
    }

    /// Whether both have RESP3.
    var hasRESP3: Bool { left.context.hasRESP3 && right.context.hasRESP3 }

    /// A sequence on its way.
    struct Sent {
        fileprivate let count: Int
        fileprivate let skipped: Int
        fileprivate let deadline: ContinuousClock.Instant
    }

    /// Sends a sequence, in empty databases or where the last one ended. The replies must be read before the next.
    func send(_ sequence: CommandSequence, from version: Int?) throws(ConformanceError) -> Sent {
        let beginning = version.map { self.beginning($0) } ?? []
        let bytes = beginning.flatMap { RunContext.command($0.map { Array($0.utf8) }) } + sequence.bytes
        let deadline = ContinuousClock.now + timeLimit
        try left.send(bytes, until: deadline)
        try right.send(bytes, until: deadline)
        return Sent(count: sequence.count, skipped: beginning.count, deadline: deadline)
    }

    func replies(_ sent: Sent) throws(ConformanceError) -> (left: ReplyBatch, right: ReplyBatch) {
        (
            try left.replies(sent.count, after: sent.skipped, until: sent.deadline),
            try right.replies(sent.count, after: sent.skipped, until: sent.deadline)
        )
    }

    func run(
        _ sequence: CommandSequence, from version: Int?
    ) throws(ConformanceError) -> (left: ReplyBatch, right: ReplyBatch) {
        try replies(try send(sequence, from: version))
    }

    /// Brings both connections and all databases to where a sequence begins.
    private func beginning(_ version: Int) -> [[String]] {
        var commands = [["DISCARD"], ["UNWATCH"], ["CLIENT", "SETNAME", ""]]
        if hasRESP3 { commands.append(["HELLO", String(version)]) }
        for number in databases { commands += [["SELECT", String(number)], ["FLUSHDB"]] }
        commands.append(["SELECT", String(databases[0])])
        return commands
    }
}
