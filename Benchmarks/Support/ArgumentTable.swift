/// The options of a program in one table, which both reads the command line and writes the help.
///
/// ```swift
/// struct Settings: ProgramSettings {
///     var rate = 2_000
///     var json = false
///
///     static let program = "isolation"
///     static let summary = "Cache GET latency beside vector scans."
///     static let options: [Option] = [
///         .integer("rate", "<per second>", \.rate, in: 1...1_000_000, help: "GETs sent a second"),
///         .flag("json", \.json, help: "print JSON instead of a table"),
///     ]
/// }
/// Settings.table.run { settings in … }
/// ```
/// Each option is given once at most, as `--name`, `--name value` or `--name=value`.
package struct ArgumentTable<Settings> {
    package enum Outcome {
        /// `--help` stood somewhere on the line: print this and end with 0.
        case help(String)
        /// The defaults, changed as the line says.
        case run(Settings)
    }

    /// A title, and words with their meanings below it.
    package typealias Words = (title: String, meanings: [(word: String, meaning: String)])

    let program: String
    let summary: String
    let defaults: Settings
    let options: [ArgumentOption<Settings>]
    /// What the words of the options and of the output mean, below the options in help.
    let words: [Words]

    /// Traps when two options have one name, or one is called `help`, which every table has.
    package init(
        program: String, summary: String, defaults: Settings, options: [ArgumentOption<Settings>],
        words: [Words] = []
    ) {
        let names = options.map(\.flag.name) + ["help"]
        precondition(Set(names).count == names.count, "two options of a table have the same name")
        self.program = program
        self.summary = summary
        self.defaults = defaults
        self.options = options
        self.words = words
    }

    /// Reads a command line without the program's name; throws the first thing wrong with it.
    package func parse(_ words: some Sequence<String>) throws(ArgumentError) -> Outcome {
        let words = Array(words)
        if words.contains("--help") { return .help(help(width: Terminal.outputScreen.pageColumns)) }
        let arguments = try Arguments(parsing: words, flags: options.map(\.flag) + [.help], of: program)
        if arguments.has(.help) { return .help(help(width: Terminal.outputScreen.pageColumns)) }
        var settings = defaults
        for option in options {
            if let text = arguments.text(of: option.flag) { option.write(text, &settings) }
        }
        return .run(settings)
    }
}
