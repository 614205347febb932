/// The versions that commands came with, out of the table of commands.
enum CommandVersions {
    private static let gates: [Substring: VersionGate] = {
        var gates: [Substring: VersionGate] = [:]
        for line in ChapterTexts.versions.split(separator: "\n") {
            let parts = line.split(separator: ";")
            guard parts.count == 2, let gate = VersionGate(parts[1]) else { continue }
            gates[parts[0]] = gate
        }
        return gates
    }()

    /// Nil for a command that the table does not have.
    static func gate(of name: String) -> VersionGate? { gates[name[...]] }
}
