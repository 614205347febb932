import Foundation
import Testing

/// What the compiler knows of a module's public symbols, as `swift-symbolgraph-extract` writes it out of a build.
struct SymbolGraph: Decodable {
    struct Symbol: Decodable {
        struct Identifier: Decodable { let precise: String }
        struct Kind: Decodable { let identifier: String }
        struct Fragment: Decodable { let spelling: String }
        struct Constraint: Decodable { let kind: String, lhs: String, rhs: String }
        struct Extension: Decodable { let constraints: [Constraint]? }
        struct Location: Decodable { let uri: String }
        struct Comment: Decodable {}

        let identifier: Identifier
        let kind: Kind
        let pathComponents: [String]
        let declarationFragments: [Fragment]?
        let swiftExtension: Extension?
        let location: Location?
        let docComment: Comment?

        var path: String { pathComponents.joined(separator: ".") }
        /// As it is written in the source, on one line.
        var declaration: String {
            let text = (declarationFragments ?? []).map(\.spelling).joined()
            return text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }
        /// The end that makes a link to one of several overloads: DocC's hash of the symbol's identifier.
        var linkHash: String {
            var hash: UInt32 = 2_166_136_261
            for byte in identifier.precise.utf8 { hash = hash &* 16_777_619 ^ UInt32(byte) }
            return String(hash >> 24 ^ hash & 0xFF_FFFF, radix: 36)
        }
    }

    struct Relationship: Decodable {
        let kind: String
        let source: String
        let target: String
        let targetFallback: String?
    }

    let symbols: [Symbol]
    let relationships: [Relationship]

    /// The graphs of `module` and of what it adds to other modules' types, in `folder`. Symbols of modules that it
    /// exports again are its own, as a user sees them.
    static func extract(_ module: String, into folder: URL, extensions: Bool) throws -> [SymbolGraph] {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let extracted = try Child.run(
            "/usr/bin/env",
            [
                "swift-symbolgraph-extract", "-module-name", module,
                "-I", Repository.binaries.appendingPathComponent("Modules").path, "-target", try target(),
                "-minimum-access-level", "public", "-skip-synthesized-members",
                "-experimental-allowed-reexported-modules=BulkheadCommands,BulkheadRESP",
                extensions ? "-emit-extension-block-symbols" : "-omit-extension-block-symbols",
                "-output-dir", folder.path,
            ])
        try #require(extracted.status == 0, "\(extracted.output)")
        return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.lastPathComponent.hasPrefix(module) }.sorted { $0.path < $1.path }
            .map { try JSONDecoder().decode(SymbolGraph.self, from: Data(contentsOf: $0)) }
    }

    private static func target() throws -> String {
        struct Info: Decodable {
            struct Target: Decodable { let unversionedTriple: String }
            let target: Target
        }
        let info = try Child.run("/usr/bin/env", ["swift", "-print-target-info"])
        return try JSONDecoder().decode(Info.self, from: Data(info.output.utf8)).target.unversionedTriple
    }
}
