/// Sends two servers the same random commands, and reports where they differ.
package final class DifferentialRun {
    private let options: DifferentialOptions
    private let pair: ServerPair
    private let forms: [CommandForm]
    private let rules: ComparisonRules
    private let inspection: StateInspection
    private var book: DifferenceBook
    private var report: DifferentialReport
    private let pools: WordPools

    /// Connects to both. Throws if a server cannot be reached, has not the databases, or holds keys in them; neither
    /// is written to then.
    package init(
        _ left: ConformanceTarget, _ right: ConformanceTarget, _ options: DifferentialOptions
    ) throws(ConformanceError) {
        self.options = options
        var own = ConformanceOptions()
        own.databases = options.databases
        own.timeLimit = options.timeLimit
        let sides = (try DifferentialSide(left, own), try DifferentialSide(right, own))
        for (side, target) in [(sides.0, left), (sides.1, right)] {
            if let problem = side.context.databasesProblem {
                throw ConformanceError(description: "\(target.address): \(problem)")
            }
            if !options.allowsDestructive, let number = side.context.firstInUse() {
                throw ConformanceError(
                    description: "\(target.address): database \(number) holds keys; give empty ones by --databases, or "
                        + "--destructive to have them flushed")
            }
        }
        pair = ServerPair(sides.0, sides.1, options)
        let identities = [sides.0.context.identity, sides.1.context.identity]
        let selection: FormSelection
        do {
            selection = try FormSelection(ChapterTexts.forms, for: identities) { name in
                sides.0.context.has(command: name) && sides.1.context.has(command: name)
            }
        } catch {
            throw ConformanceError(description: error.description)
        }
        let forms = selection.forms
        self.forms = forms
        rules = ComparisonRules(forms, looks: StateInspection.looks)
        pools = WordPools(prefix: options.keyPrefix, databases: options.databases)
        inspection = StateInspection(
            databases: options.databases, first: forms.count,
            looksAtFieldTimes: forms.contains { $0.name == "HPTTL" }, fields: ["f", "g", "h", "i", "1", "2", "name"])
        report = DifferentialReport(
            left: identities[0], right: identities[1], leftAddress: left.address, rightAddress: right.address,
            seed: options.seed)
        report.leftOut = selection.leftOut
        report.forms = forms.count
        book = DifferenceBook(options.known, identities[0], identities[1])
    }

    /// Runs until so many commands were compared, and blocks its thread meanwhile; leaves the databases empty. Throws
    /// if a server ends a connection, sends what is no RESP, or does not answer in time.
    package func run(progress: (Int) -> Void = { _ in }) throws(ConformanceError) -> DifferentialReport {
        try refuseOneServer()
        var next = sequence(0)
        while report.commands < options.commands {
            let number = report.sequences
            let sequence = next
            report.sequences += 1
            do throws(ConformanceError) {
                let sent = try pair.send(sequence, from: version(number))
                // Made while the servers work.
                next = self.sequence(number + 1)
                let (left, right) = try pair.replies(sent)
                try compare(sequence, number, left, right)
            } catch {
                throw ConformanceError(
                    description: "\(error.description), in sequence \(number) of seed \(options.seed)")
            }
            progress(min(report.commands, options.commands))
        }
        _ = try pair.run(CommandSequence(), from: 2)
        book.finish(&report)
        return report
    }

    private func version(_ number: Int) -> Int { pair.hasRESP3 && number % 2 == 1 ? 3 : 2 }

    private func sequence(_ number: Int) -> CommandSequence {
        var generator = SequenceGenerator(
            forms, pools, seed: options.seed &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(number) &* 0xD1B5_4A32_D192_ED03)
        return generator.sequence(of: min(DifferentialOptions.sequenceLength, options.commands))
    }

    /// Both names may be of one server, whose replies would say nothing.
    private func refuseOneServer() throws(ConformanceError) {
        var command = CommandSequence()
        command.append(RunContext.command(["INFO", "server"].map { Array($0.utf8) }), form: 0)
        let (left, right) = try pair.run(command, from: nil)
        func run(_ replies: ReplyBatch) -> Substring? {
            String(decoding: replies.bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
                .first { $0.hasPrefix("run_id:") }
        }
        if let id = run(left), id == run(right) {
            throw ConformanceError(description: "both addresses are of one server")
        }
    }

    // MARK: Comparing

    private func compare(
        _ sequence: CommandSequence, _ number: Int, _ left: ReplyBatch, _ right: ReplyBatch
    ) throws(ConformanceError) {
        do {
            var comparison = SequenceComparison(sequence, rules: rules)
            // The results of one transaction are told together: each counts, and any may end the sequence.
            var end: Int?
            while let found = try comparison.next(left, right) {
                if let end, found.index > end { break }
                if try isEnd(found, sequence, number) { end = found.index }
            }
            if let end {
                report.commands += end + 1
                return
            }
            report.commands += sequence.count
            try inspect(sequence, number)
        } catch let error as ConformanceError {
            throw error
        } catch {
            throw ConformanceError(description: "a reply is no RESP: \(error)")
        }
    }

    /// Compares the whole state.
    private func inspect(_ sequence: CommandSequence, _ number: Int) throws {
        /// True if there is nothing more to look at.
        func isDifferent(_ look: CommandSequence, _ left: ReplyBatch, _ right: ReplyBatch) throws -> Bool {
            var comparison = SequenceComparison(look, rules: rules)
            while let found = try comparison.next(left, right) {
                var whole = sequence
                let again = inspection.lookAgain(found.index, in: look)
                for index in 0..<again.count { whole.append(again.command(index), form: again.forms[index]) }
                let place = whole.count - 1
                let shown = FoundDifference(
                    index: place, command: found.command, cause: place, leaves: found.leaves)
                if try isEnd(shown, whole, number) { return true }
            }
            return false
        }
        report.wholeStates += 1
        let names = inspection.names()
        let (left, right) = try pair.run(names, from: nil)
        if try isDifferent(names, left, right) { return }
        let keys = try inspection.keys(left)
        let types = inspection.types(of: keys)
        let (leftTypes, rightTypes) = try pair.run(types, from: nil)
        if try isDifferent(types, leftTypes, rightTypes) { return }
        let contents = try inspection.contents(of: keys, types: leftTypes)
        let (leftContents, rightContents) = try pair.run(contents, from: nil)
        _ = try isDifferent(contents, leftContents, rightContents)
    }

    /// Writes a difference down. True if the servers may hold different things from here on, or were sent something
    /// else since.
    private func isEnd(
        _ found: FoundDifference, _ sequence: CommandSequence, _ number: Int
    ) throws(ConformanceError) -> Bool {
        switch book.judge(found, words: sequence.words(found.cause)) {
        case .known(let isDiverging): return isDiverging
        case .wording:
            book.countWording(found, number)
            return false
        case .counted: return true
        case .toShrink:
            let shrinker = SequenceShrinker(
                pair, version: version(number), kind: found.kind, rules: rules,
                mayLoseWords: { [forms] form in form < forms.count && forms[form].isNoisy })
            let smallest = try shrinker.smallest(of: sequence.choosing(0...found.index))
            let commands = smallest.map { smallest in
                (0..<smallest.sequence.count).map { smallest.sequence.words($0) }
            }
            let names = smallest.map { $0.sequence.forms.map { rules.names[$0] } }
            book.note(
                found, number, smallest: commands, names: names ?? [],
                script: smallest.map { script($0, version(number)) } ?? [])
            return true
        }
    }

    /// Lines for redis-cli, and what each server said at the end.
    private func script(_ smallest: SequenceShrinker.Smallest, _ version: Int) -> [String] {
        var lines = (pair.hasRESP3 ? ["HELLO \(version)"] : []) + ["SELECT \(options.databases[0])"]
        for index in 0..<smallest.sequence.count {
            lines.append(smallest.sequence.words(index).map(Self.quoted).joined(separator: " "))
        }
        lines.append("# \(report.left.name): \(smallest.left)")
        lines.append("# \(report.right.name): \(smallest.right)")
        return lines
    }

    /// A word as redis-cli reads it.
    private static func quoted(_ word: [UInt8]) -> String {
        let isPlain = !word.isEmpty && word.allSatisfy { $0 > 32 && $0 < 127 && !"\"'\\#".utf8.contains($0) }
        return isPlain ? String(decoding: word, as: UTF8.self) : WireText.quoted(word)
    }
}
