/// The options of a program in one table, which both reads the command line and writes the help.
///
/// ```swift
/// struct Settings { var rate = 2_000; var json = false }
/// let table = ArgumentTable(
///     program: "isolation", summary: "Cache GET latency beside vector scans.", defaults: Settings(),
///     options: [
///         .integer("rate", "<per second>", \.rate, in: 1...1_000_000, help: "GETs sent a second"),
///         .flag("json", \.json, help: "print JSON instead of a table"),
///     ])
/// table.run { settings in … }
/// ```
/// Strict: an option is `--name value` or `--name`, given once; everything else is an error that says what to write.
package struct ArgumentTable<Settings> {
    package enum Outcome {
        /// `--help` stood somewhere on the line: print this and end with 0.
        case help(String)
        /// The defaults, changed as the line says.
        case run(Settings)
    }

    let program: String
    let summary: String
    let defaults: Settings
    let options: [ArgumentOption<Settings>]
    /// What the words of the options and of the output mean, below the options in help.
    let words: [(title: String, meanings: [(word: String, meaning: String)])]

    /// Traps when two options have one name, or one is called `help`, which every table has.
    package init(
        program: String, summary: String, defaults: Settings, options: [ArgumentOption<Settings>],
        words: [(title: String, meanings: [(word: String, meaning: String)])] = []
    ) {
        let names = options.map(\.name) + ["help"]
        precondition(Set(names).count == names.count, "two options of a table have the same name")
        self.program = program
        self.summary = summary
        self.defaults = defaults
        self.options = options
        self.words = words
    }

    /// Reads a command line without the program's name; throws the first thing wrong with it, with nothing changed.
    package func parse(_ arguments: some Sequence<String>) throws(ArgumentError) -> Outcome {
        let words = Array(arguments)
        if words.contains("--help") { return .help(help(width: Terminal.outputScreen.pageColumns)) }
        var settings = defaults
        var seen: Set<String> = []
        var position = 0
        while position < words.count {
            let option = try option(for: words[position], at: position)
            guard seen.insert(option.name).inserted else { throw .repeatedOption(option.name) }
            position += 1
            var value = ""
            if let placeholder = option.placeholder {
                guard position < words.count, !words[position].hasPrefix("--") else {
                    throw .missingValue(option: option.name, placeholder: placeholder)
                }
                value = words[position]
                position += 1
            }
            try option.read(value, &settings)
        }
        return .run(settings)
    }

    private func option(for word: String, at position: Int) throws(ArgumentError) -> ArgumentOption<Settings> {
        guard word.hasPrefix("--"), word.count > 2 else { throw .strayArgument(position: position + 1) }
        let name = word.dropFirst(2).prefix { $0 != "=" }
        guard let option = options.first(where: { $0.name == name }) else {
            throw .unknownOption(String(name), known: options.map(\.name) + ["help"])
        }
        guard name.count + 2 == word.count else {
            throw .joinedValue(option: option.name, placeholder: option.placeholder)
        }
        return option
    }
}
