/// What the generated files should hold, against what they hold.
struct Generation {
    private let folder: PackageFolder
    /// Paths with their text.
    private let wanted: [(path: String, text: String)]
    /// Files of the generated folders that no source stands for any more.
    private let stale: [String]

    init(_ folder: PackageFolder) throws(GeneratorError) {
        self.folder = folder
        let book = try CommandBook(groups: try folder.groups())
        var wanted: [(path: String, text: String)] = []
        for facade in Facade.allCases {
            for family in try book.families(of: facade) {
                var writer = FacadeWriter(facade)
                let file = FacadeWriter.fileName(of: family, facade)
                let folder = family.isOfModules ? PackageFolder.modules : PackageFolder.methods
                wanted.append((folder + "/" + file, try writer.write(family)))
            }
        }
        for group in book.groups {
            for ofServer in [false, true] {
                guard let text = try ValueWriter.text(of: group, ofServer: ofServer) else { continue }
                let file = ValueWriter.fileName(of: group, ofServer: ofServer)
                let folder = group.isOfModules ? PackageFolder.modules : PackageFolder.values
                wanted.append((folder + "/" + file, text))
            }
        }
        for file in try folder.types() {
            let folder = file.isOfModules ? PackageFolder.modules : PackageFolder.values
            wanted.append((folder + "/" + TypeWriter.fileName(of: file), try TypeWriter.text(of: file)))
        }
        wanted.append((PackageFolder.values + "/" + TableWriter.file, TableWriter.text(of: book)))
        wanted.append((PackageFolder.lint + "/" + LintWriter.file, LintWriter.text(of: book)))
        wanted.append((PageWriter.path, PageWriter.text(of: book)))
        let calls = try folder.calls()
        for file in calls { wanted.append((PackageFolder.judge + "/" + file.fileName, file.text)) }
        wanted.append((PackageFolder.judge + "/" + CallFile.listName, CallFile.list(of: calls)))
        let chapters = try folder.chapters()
        for (name, path, text) in chapters {
            let file = try ChapterWriter.text(of: name, path: path, text)
            wanted.append((PackageFolder.chapters + "/" + ChapterWriter.fileName(of: name), file))
        }
        for (name, path, text) in try folder.differentialTexts() {
            let file = try ChapterWriter.text(of: name, path: path, text)
            wanted.append((PackageFolder.chapters + "/" + ChapterWriter.fileName(of: name), file))
        }
        let versions = try ChapterWriter.text(
            of: "Versions", path: PackageFolder.table, ChapterWriter.versions(of: book.groups))
        wanted.append((PackageFolder.chapters + "/" + ChapterWriter.fileName(of: "Versions"), versions))
        let list = ChapterWriter.list(of: chapters.map(\.name))
        wanted.append((PackageFolder.chapters + "/" + ChapterWriter.listName, list))
        let paths = Set(wanted.map(\.path))
        self.wanted = wanted
        stale = try folder.generatedFiles().filter { !paths.contains($0) }
    }

    private var changed: [(path: String, text: String)] {
        wanted.filter { folder.text(of: $0.path) != $0.text }
    }

    /// One line for each file that differs, is missing, or should not be there.
    func differences() -> [String] {
        changed.map { entry in
            let problem = folder.text(of: entry.path) == nil ? "is missing" : "differs from its source"
            return "\(entry.path) \(problem)"
        } + stale.map { "\($0) has no source" }
    }

    /// Writes what differs and removes what has no source; returns one line for each.
    func apply() throws(GeneratorError) -> [String] {
        for file in stale where folder.text(of: file)?.hasPrefix(FacadeWriter.mark) != true {
            throw GeneratorError(place: file, problem: "was not written by this generator: move it out of the folder")
        }
        var report: [String] = []
        for (path, text) in changed {
            try folder.write(text, to: path)
            report.append("wrote \(path)")
        }
        for file in stale {
            try folder.remove(file)
            report.append("removed \(file)")
        }
        return report
    }
}
