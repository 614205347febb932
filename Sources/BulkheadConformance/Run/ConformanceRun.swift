/// Judges a server: runs cases and reports what it did in each.
public struct ConformanceRun {
    private let target: ConformanceTarget
    private let options: ConformanceOptions
    private let chapters: [ConformanceChapter]
    /// Is shown every reply that a case expects, as it came: whoever decodes replies can hold its decoder against them.
    package var observer: ((ObservedReply) -> Void)?

    /// A run of these chapters against this server. Nothing is sent before `run`.
    public init(_ target: ConformanceTarget, _ options: ConformanceOptions, chapters: [ConformanceChapter]) {
        self.target = target
        self.options = options
        self.chapters = chapters
    }

    /// Cases times protocols.
    public var count: Int { chapters.flatMap(\.cases).reduce(0) { $0 + $1.versions.count } }

    /// Runs all cases, one after another, and blocks its thread meanwhile; minutes for all chapters.
    ///
    /// Throws before the first case if the server cannot be reached, refuses the login, or is older than Redis 6.2 and
    /// `judgedAs` is not set. What a server does wrong in a case is no error and stands in the report.
    ///
    /// - Parameter progress: Is told how many cases are done, out of `count`: 0 when the server has answered, and then
    ///   after each.
    public func run(progress: (Int) -> Void = { _ in }) throws(ConformanceError) -> ConformanceReport {
        let context = try RunContext(target, options)
        context.observer = observer
        var report = ConformanceReport(server: context.identity, address: target.address)
        let turns = chapters.flatMap { chapter in
            chapter.cases.flatMap { test in test.versions.map { (chapter: chapter, test: test, version: $0) } }
        }
        var results = [ConformanceReport.Result?](repeating: nil, count: turns.count)
        var done = 0
        progress(done)
        for isLast in [false, true] {
            for (place, turn) in turns.enumerated() where turn.test.isLast == isLast {
                let result = result(of: turn.test, turn.version, in: turn.chapter, context)
                results[place] = result
                done += 1
                progress(done)
                if result.outcome == .fail {
                    context.checkUse(after: turn.test)
                    if options.stopsAtFailure {
                        report.results = results.compactMap(\.self)
                        return report
                    }
                }
            }
        }
        report.results = results.compactMap(\.self)
        return report
    }

    private func result(
        of test: ConformanceCase, _ version: Int, in chapter: ConformanceChapter, _ context: RunContext
    ) -> ConformanceReport.Result {
        func result(
            _ outcome: ConformanceReport.Outcome, _ reason: String?, _ messages: [ConformanceReport.Message] = []
        ) -> ConformanceReport.Result {
            ConformanceReport.Result(
                id: test.id, chapter: chapter.name, sentence: test.sentence, source: test.source, resp: version,
                outcome: outcome, reason: reason, commands: test.commands, messages: messages)
        }
        if let reason = reasonAgainst(test, version, context) { return result(.notOffered, reason) }
        context.removeKeys(of: test, version)
        var run = CaseRun(test, version: version, context)
        let stop = run.run()
        context.removeKeys(of: test, version)
        return result(stop?.outcome ?? .pass, stop?.reason, run.messages)
    }

    /// Why a case is not for this server or this run.
    private func reasonAgainst(_ test: ConformanceCase, _ version: Int, _ context: RunContext) -> String? {
        let server = context.identity
        if let ruin = context.ruin { return ruin }
        if !test.servers.isEmpty, !test.servers.contains(where: { $0.contains(server) }) {
            return "it is about other versions than \(server.name)"
        }
        if test.isCluster, context.cluster == nil { return "it is about a primary of a cluster of several" }
        if !test.isCluster, context.cluster != nil {
            return "it is about a server alone, and this is a node of a cluster"
        }
        if test.isDestructive, !options.allowsDestructive { return "it is destructive: --destructive runs it" }
        if version == 3, !context.hasRESP3 { return "the server does not answer HELLO 3 by a map" }
        if let missing = test.needs.first(where: { !context.has(command: $0) }) {
            return "the server has no \(missing)"
        }
        if test.usesSeveralDatabases {
            if let problem = context.databasesProblem { return problem }
            if options.databases.count < 3 { return "it needs three databases" }
        }
        if test.isAlone, let number = context.firstInUse() { return "it needs empty databases, and \(number) has keys" }
        return nil
    }
}
