@testable import BulkheadBenchmarkSupport

extension ProgramSettings {
    /// The settings after a command line.
    static func parsed(_ line: [String]) throws -> Self {
        guard case .run(let settings) = try table.parse(line) else { throw ArgumentError("the line asks for help") }
        return settings
    }

    /// The lines of the help on a terminal of 80 columns, or in a pipe.
    static func help() throws -> [String] {
        guard case .help(let text) = try table.parse(["--help"]) else { throw ArgumentError("there is no help") }
        return text.split(separator: "\n").map(String.init)
    }
}
