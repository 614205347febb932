/// What the program answers to its caller: 0 to 2 as grep and diff do, 64, 65 and 74 as sysexits.h has them, and 66 for
/// an input of `resp` that is only too short so far.
package struct ExitCode: Sendable, Hashable {
    package let number: Int32
    /// One line of the help.
    package let meaning: String

    package static let done = ExitCode(
        number: 0, meaning: "success; also if the reader of standard output has closed it")
    package static let found = ExitCode(
        number: 1, meaning: "completed, with findings: differences, refusals, or things to fix")
    package static let failed = ExitCode(
        number: 2, meaning: "failed, or stopped by Ctrl-C; what was done until then is reported and stays")
    package static let usage = ExitCode(number: 64, meaning: "an unknown command or flag, or an invalid value")
    package static let badData = ExitCode(number: 65, meaning: "the input is invalid")
    package static let inputTooShort = ExitCode(number: 66, meaning: "the input ends too early")
    package static let ioFailed = ExitCode(number: 74, meaning: "reading or writing failed")

    /// Of most commands.
    static let usual = [done, found, failed, usage, ioFailed]
    static let all = [done, found, failed, usage, badData, inputTooShort, ioFailed]
}

/// The end of a run that cannot go on: an exit code, and words for standard error if there is anything to say.
package struct ProgramFailure: Error, Sendable, Hashable {
    package let exitCode: ExitCode
    package let message: String?
    /// False while the message does not begin with the name of the command.
    private let isNamed: Bool

    init(_ exitCode: ExitCode, _ message: String?) {
        self.init(exitCode, message, isNamed: true)
    }

    private init(_ exitCode: ExitCode, _ message: String?, isNamed: Bool) {
        self.exitCode = exitCode
        self.message = message
        self.isNamed = isNamed
    }

    /// The failure of what several commands use, and which of them is at work is for others to say.
    static func unnamed(_ exitCode: ExitCode, _ words: String) -> ProgramFailure {
        ProgramFailure(exitCode, words, isNamed: false)
    }

    /// With the name of `program` in front, if no name is there yet.
    func named(_ program: String) -> ProgramFailure {
        isNamed ? self : ProgramFailure(exitCode, message.map { "\(program): \($0)" })
    }

    /// The reader of standard output wants no more, as `head` does: no failure of ours, and nothing to say.
    static let readerLeft = ProgramFailure(.done, nil)

    /// A wrong call of `program`, such as `bulkhead resp`.
    static func usage(_ message: String, of program: String) -> ProgramFailure {
        ProgramFailure(.usage, "\(program): \(message)\nTry '\(program) --help'.")
    }
}
