/// Why a command line was refused. The text never repeats a value: it may be a password in the wrong place.
package enum ArgumentError: Error, Equatable, CustomStringConvertible {
    /// There is no option of this name; `known` lists those there are, in the order of the table.
    case unknownOption(String, known: [String])
    /// The option was the last word, or another option followed it.
    case missingValue(option: String, placeholder: String)
    /// The value is not what the option takes.
    case invalidValue(option: String, expected: String)
    /// The option was given twice, so that one of the two would be ignored.
    case repeatedOption(String)
    /// `--option=value`, where the value belongs in a word of its own; or a flag, which takes none.
    case joinedValue(option: String, placeholder: String?)
    /// A word that belongs to no option; `position` counts from 1.
    case strayArgument(position: Int)
    /// Options that do not go together, and what to do, in words.
    case contradiction(String)

    package var description: String {
        switch self {
        case .unknownOption(let name, let known):
            "unknown option --\(name); known are \(known.map { "--" + $0 }.joined(separator: ", "))"
        case .missingValue(let option, let placeholder):
            "--\(option) needs a value: write --\(option) \(placeholder)"
        case .invalidValue(let option, let expected):
            "--\(option) takes \(expected)"
        case .repeatedOption(let option):
            "--\(option) is given more than once: keep one"
        case .joinedValue(let option, let placeholder?):
            "write --\(option) \(placeholder) with a space, not with ="
        case .joinedValue(let option, nil):
            "--\(option) takes no value: write it alone"
        case .strayArgument(let position):
            "argument \(position) belongs to no option: options start with --, and --help lists them"
        case .contradiction(let words): words
        }
    }
}
