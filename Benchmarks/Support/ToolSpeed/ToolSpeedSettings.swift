/// What `Benchmarks/tools`, which adds `--programs`, is to do.
package struct ToolSpeedSettings: ProgramSettings, Equatable {
    /// Tools that can be measured.
    package static let knownTools = ["check", "backup"]

    package var tools = knownTools
    package var keys = 1_000_000
    package var rounds = 3
    /// MiB that a backup is measured on.
    package var megabytes = 2_048
    package var json = false
    package var programs = ""

    package init() {}

    package static let program = "Benchmarks/tools"
    package static let summary = """
        Measures the operator's tools beside the programs that are usually taken for the same work, in turns \
        on servers of its own. It says which targets are met; that they are not is no failure. Progress goes \
        to standard error. About eight minutes.
        """
    package static let options: [Option] = [
        .list("tools", "<a,b>", \.tools, of: knownTools, help: "what to measure"),
        .integer("keys", "<n>", \.keys, in: 1_000...100_000_000, help: "keys of the database"),
        .integer("megabytes", "<n>", \.megabytes, in: 16...65_536, help: "MiB of vectors for backup"),
        .integer("rounds", "<n>", \.rounds, in: 1...100, help: "how often every program has its turn"),
        .flag("json", \.json, help: "print one JSON object a tool instead of tables"),
        .text("programs", "<folder>", \.programs, help: "where bulkhead is; the script knows"),
    ]
}
