/// What the generated folder should hold, against what it holds.
struct Generation {
    private let folder: PackageFolder
    /// File names with their text, by name.
    private let wanted: [(file: String, text: String)]
    /// Files of the folder that no source stands for any more.
    private let stale: [String]

    init(_ folder: PackageFolder) throws(GeneratorError) {
        self.folder = folder
        let families = try folder.families()
        let unknown = Facade.staleReadingCommands(in: families)
        guard unknown.isEmpty else {
            throw GeneratorError(
                place: "Sources/BulkheadFacadeGenerator/Facade.swift",
                problem: "readingCommands names functions that are gone: \(unknown.joined(separator: ", "))")
        }
        var wanted: [(file: String, text: String)] = []
        for facade in Facade.allCases {
            for family in families {
                var writer = FacadeWriter(facade)
                wanted.append((FacadeWriter.fileName(of: family, facade), try writer.write(family)))
            }
        }
        self.wanted = wanted
        let names = Set(wanted.map(\.file))
        stale = try folder.generatedFiles().filter { !names.contains($0) }
    }

    private var changed: [(file: String, text: String)] {
        wanted.filter { folder.generatedText($0.file) != $0.text }
    }

    /// One line for each file that differs, is missing, or should not be there.
    func differences() -> [String] {
        changed.map { entry in
            let problem = folder.generatedText(entry.file) == nil ? "is missing" : "differs from its source"
            return "\(PackageFolder.generated)/\(entry.file) \(problem)"
        } + stale.map { "\(PackageFolder.generated)/\($0) has no source" }
    }

    /// Writes what differs and removes what has no source; returns one line for each.
    func apply() throws(GeneratorError) -> [String] {
        for file in stale where folder.generatedText(file)?.hasPrefix(FacadeWriter.mark) != true {
            throw GeneratorError(
                place: "\(PackageFolder.generated)/\(file)",
                problem: "was not written by this generator: move it out of the folder")
        }
        var report: [String] = []
        for (file, text) in changed {
            try folder.write(text, to: file)
            report.append("wrote \(PackageFolder.generated)/\(file)")
        }
        for file in stale {
            try folder.remove(file)
            report.append("removed \(PackageFolder.generated)/\(file)")
        }
        return report
    }
}
