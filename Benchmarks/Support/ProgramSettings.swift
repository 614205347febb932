/// The settings of a program, which its command line changes; their defaults are those of `init()`.
package protocol ProgramSettings: Sendable {
    /// What a person types to run it.
    static var program: String { get }
    /// What it does, at the top of its help.
    static var summary: String { get }
    /// In the order of the help.
    static var options: [Option] { get }
    /// What the words of the options and of the output mean, below the options in help.
    static var words: [ArgumentTable<Self>.Words] { get }

    init()
}

extension ProgramSettings {
    package typealias Option = ArgumentOption<Self>

    package static var words: [ArgumentTable<Self>.Words] { [] }

    /// Traps when two options have one name, or one is called `help`.
    package static var table: ArgumentTable<Self> {
        ArgumentTable(program: program, summary: summary, defaults: Self(), options: options, words: words)
    }
}
