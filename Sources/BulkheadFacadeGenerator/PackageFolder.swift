#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The package in the current directory: its tables are read, its generated folders are written.
struct PackageFolder {
    /// The table, a file for each group of commands.
    static let table = "Sources/CommandTable"
    /// The tables of calls and commands have a folder of this name, for what modules add to a server.
    static let ofModules = "/Modules"
    /// The calls that are run on real servers.
    static let callTable = "Tests/CommandCalls"
    static let values = "Sources/BulkheadCommands/Generated"
    static let methods = "Sources/Bulkhead/Generated"
    static let modules = "Sources/BulkheadModules/Generated"
    static let lint = "Sources/BulkheadLint/Generated"
    static let judge = "Tests/BulkheadTests/Generated"
    /// What servers must do, a file for each chapter.
    static let cases = "Sources/ConformanceCases"
    static let chapters = "Sources/BulkheadConformance/Generated"
    static let suffix = ".swift"

    private let root: String

    /// Throws if the current directory is not the package's.
    init() throws(GeneratorError) {
        root = FileManager.default.currentDirectoryPath
        for needed in ["Package.swift", Self.table] {
            guard FileManager.default.fileExists(atPath: path(needed)) else {
                throw GeneratorError(
                    place: root, problem: "no \(needed) in it: run this in the folder of Package.swift")
            }
        }
    }

    private func path(_ relative: String) -> String { root + "/" + relative }

    /// The table, by name of its files.
    func groups() throws(GeneratorError) -> [CommandGroup] {
        var groups: [CommandGroup] = []
        for folder in [Self.table, Self.table + Self.ofModules] {
            for (name, path, text) in try texts(in: folder, suffix: ".facts") {
                var reader = FactsReader(path: path)
                let commands = try reader.read(text)
                groups.append(
                    CommandGroup(
                        name: name, path: path, isOfModules: folder != Self.table,
                        documentation: reader.documentation, commands: commands))
            }
        }
        return groups
    }

    /// The types that the table describes, by name of its files.
    func types() throws(GeneratorError) -> [TypeFile] {
        var files: [TypeFile] = []
        for folder in [Self.table, Self.table + Self.ofModules] {
            for (name, path, text) in try texts(in: folder, suffix: ".types") {
                var reader = TypesReader(path: path)
                let types = try reader.read(text)
                files.append(TypeFile(name: name, path: path, isOfModules: folder != Self.table, types: types))
            }
        }
        try TypeFile.check(files)
        return files
    }

    /// The calls, by name of their files.
    func calls() throws(GeneratorError) -> [CallFile] {
        var files: [CallFile] = []
        for folder in [Self.callTable, Self.callTable + Self.ofModules] {
            for (name, path, text) in try texts(in: folder, suffix: ".calls") {
                files.append(try CallFile(name: name, path: path, isOfModules: folder != Self.callTable, text))
            }
        }
        return files
    }

    /// The cases, by name of their files.
    func chapters() throws(GeneratorError) -> [(name: String, path: String, text: String)] {
        try texts(in: Self.cases, suffix: ".cases")
    }

    /// What the kit's differential mode sends, and the differences it knows.
    func differentialTexts() throws(GeneratorError) -> [(name: String, path: String, text: String)] {
        try texts(in: Self.cases, suffix: ".forms").map { ("Forms", $0.path, $0.text) }
            + texts(in: Self.cases, suffix: ".differences").map { ("Differences", $0.path, $0.text) }
    }

    private func texts(
        in folder: String, suffix: String
    ) throws(GeneratorError) -> [(name: String, path: String, text: String)] {
        var texts: [(name: String, path: String, text: String)] = []
        for file in try names(in: folder) where file.hasSuffix(suffix) {
            let relative = folder + "/" + file
            guard let text = text(of: relative) else {
                throw GeneratorError(place: relative, problem: "cannot be read as UTF-8")
            }
            texts.append((String(file.dropLast(suffix.count)), relative, text))
        }
        return texts
    }

    /// The paths of all files of the generated folders; none where there is no such folder.
    func generatedFiles() throws(GeneratorError) -> [String] {
        var files: [String] = []
        let folders = [Self.values, Self.methods, Self.modules, Self.lint, Self.judge, Self.chapters]
        for folder in folders where FileManager.default.fileExists(atPath: path(folder)) {
            files += try names(in: folder).filter { $0.hasSuffix(Self.suffix) }.map { folder + "/" + $0 }
        }
        return files
    }

    /// Replaces a generated file, whole or not at all.
    func write(_ text: String, to relative: String) throws(GeneratorError) {
        do {
            let folder = relative.split(separator: "/").dropLast().joined(separator: "/")
            try FileManager.default.createDirectory(atPath: path(folder), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(fileURLWithPath: path(relative)), options: .atomic)
        } catch {
            throw GeneratorError(place: relative, problem: "cannot be written: \(error)")
        }
    }

    func remove(_ relative: String) throws(GeneratorError) {
        do {
            try FileManager.default.removeItem(atPath: path(relative))
        } catch {
            throw GeneratorError(place: relative, problem: "cannot be removed: \(error)")
        }
    }

    private func names(in folder: String) throws(GeneratorError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path(folder)).sorted()
        } catch {
            throw GeneratorError(place: folder, problem: "cannot be listed: \(error)")
        }
    }

    /// The text of a file; nil if there is none.
    func text(of relative: String) -> String? {
        FileManager.default.contents(atPath: path(relative)).flatMap { String(validating: $0, as: UTF8.self) }
    }
}
