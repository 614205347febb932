#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The package in the current directory: its sources are read, its generated folder is written.
struct PackageFolder {
    static let sources = "Sources/BulkheadCommands"
    static let generated = "Sources/Bulkhead/Generated"
    static let prefix = "RedisCommand+"
    static let suffix = ".swift"

    private let root: String

    /// Throws if the current directory is not the package's.
    init() throws(GeneratorError) {
        root = FileManager.default.currentDirectoryPath
        for needed in ["Package.swift", Self.sources] {
            guard FileManager.default.fileExists(atPath: path(needed)) else {
                throw GeneratorError(
                    place: root, problem: "no \(needed) in it: run this in the folder of Package.swift")
            }
        }
    }

    private func path(_ relative: String) -> String { root + "/" + relative }

    /// All families, by name.
    func families() throws(GeneratorError) -> [CommandFamily] {
        var families: [CommandFamily] = []
        for file in try names(in: Self.sources) where file.hasPrefix(Self.prefix) && file.hasSuffix(Self.suffix) {
            let relative = Self.sources + "/" + file
            guard let text = text(of: relative) else {
                throw GeneratorError(place: relative, problem: "cannot be read as UTF-8")
            }
            let name = String(file.dropFirst(Self.prefix.count).dropLast(Self.suffix.count))
            var reader = FamilyReader(name: name, path: relative, text: text)
            families.append(try reader.read())
        }
        return families
    }

    /// The files of the generated folder, by name; none if there is no such folder.
    func generatedFiles() throws(GeneratorError) -> [String] {
        guard FileManager.default.fileExists(atPath: path(Self.generated)) else { return [] }
        return try names(in: Self.generated).filter { $0.hasSuffix(Self.suffix) }
    }

    /// The text of a generated file; nil if there is none.
    func generatedText(_ file: String) -> String? { text(of: Self.generated + "/" + file) }

    /// Replaces a generated file, whole or not at all.
    func write(_ text: String, to file: String) throws(GeneratorError) {
        let relative = Self.generated + "/" + file
        do {
            try FileManager.default.createDirectory(
                atPath: path(Self.generated), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(fileURLWithPath: path(relative)), options: .atomic)
        } catch {
            throw GeneratorError(place: relative, problem: "cannot be written: \(error)")
        }
    }

    func remove(_ file: String) throws(GeneratorError) {
        let relative = Self.generated + "/" + file
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

    private func text(of relative: String) -> String? {
        FileManager.default.contents(atPath: path(relative)).flatMap { String(validating: $0, as: UTF8.self) }
    }
}
