import Foundation
import Testing

/// The package's own files, for rules that read them.
enum Repository {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    /// Paths of all Swift files below `folder`, from the root.
    static func swiftFiles(in folder: String) throws -> [String] {
        let base = root.appendingPathComponent(folder)
        let names = try #require(
            FileManager.default.enumerator(atPath: base.path)?.allObjects as? [String], "no folder \(folder)")
        return names.filter { $0.hasSuffix(".swift") }.map { "\(folder)/\($0)" }.sorted()
    }

    /// Where `swift build` puts programs: beside this test bundle.
    static var binaries: URL {
        URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
    }
}
