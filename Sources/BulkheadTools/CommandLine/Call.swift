import Bulkhead
import BulkheadConsole

/// One call of a command: what was asked for, and the streams to answer on.
package struct Call: Sendable {
    package let arguments: Arguments
    package let streams: StandardStreams

    /// As messages begin: `bulkhead check`.
    var program: String { arguments.program }

    package init(_ arguments: Arguments, _ streams: StandardStreams) {
        self.arguments = arguments
        self.streams = streams
    }

    /// Whether somebody sits at a terminal who can be asked, and `--yes` or `--json` does not rule that out.
    var canAsk: Bool {
        !arguments.has(.yes) && !arguments.has(.json) && streams.input.isTerminal
    }

    /// Prints the result on standard output: as JSON with `--json`, else as text.
    func answer(
        _ document: some Encodable, orText text: (Screen) -> String
    ) throws(ProgramFailure) {
        if arguments.has(.json) {
            try streams.output.writeJSON(document)
        } else {
            try streams.output.writeAll(text(streams.output.screen))
        }
    }

    /// Writes paragraphs on standard error. If they cannot be written they are dropped, because they are no result.
    func say(_ words: String) {
        note { words.paragraphs(on: $0) }
    }

    /// Writes text that is made for the screen on standard error, and drops it if it cannot be written.
    func note(_ text: (Screen) -> String) {
        try? streams.errors.writeAll(text(streams.errors.screen))
    }

    /// A progress bar, which `--quiet` hides.
    func progress(_ title: String, total: Int?, unit: String) -> WorkProgress {
        WorkProgress(title, total: total, unit: unit, isSilent: arguments.has(.quiet), streams)
    }

    /// Asks for a name to be typed before something is done; throws that nothing was done if another answer came.
    func confirm(_ question: String, answer: String, else nothing: String) throws(ProgramFailure) {
        guard streams.isAgreed(question, answer: answer) else {
            // Ctrl-C is no answer.
            guard !Interruption.isRequested else {
                throw ProgramFailure(.failed, "\(program): \(nothing): it was asked to stop.")
            }
            throw ProgramFailure(.found, "\(program): \(nothing): the name was not typed.")
        }
    }
}

extension RedisDatabases {
    /// Runs `body`, and closes the connections when it ends, in whatever way.
    func closing<Result>(
        after body: () async throws(ProgramFailure) -> Result
    ) async throws(ProgramFailure) -> Result {
        do throws(ProgramFailure) {
            let result = try await body()
            await end()
            return result
        } catch {
            await end()
            throw error
        }
    }
}
