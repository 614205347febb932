#if os(Linux) && compiler(>=6.3) && compiler(<6.4)
import Foundation
import Testing

@Suite(.serialized) struct `The documentation` {
    private static let catalog = "Sources/Bulkhead/Documentation.docc"
    /// Their methods are too many for one list.
    private static let grouped = [
        "RedisExecutor", "BlockingRedisExecutor", "RedisCommand", "RedisServer", "BlockingRedisServer",
        "RedisServerCommand",
    ]

    @Test(arguments: ["Bulkhead", "BulkheadModules", "BulkheadTestServer", "BulkheadConformance"])
    func `has a sentence for every public symbol`(module: String) throws {
        try Self.withGraphs(of: module) { graphs, _ in
            let silent = graphs.flatMap(\.symbols).filter { $0.docComment == nil }
            #expect(silent.map { "\($0.path) in \($0.location?.uri ?? module)" } == [])
        }
    }

    @Test func `has a topic for every public symbol`() throws {
        let pages = Self.grouped.map { "\(Self.catalog)/Commands/\($0).md" }
        try Self.withGraphs(of: "Bulkhead") { graphs, _ in
            let graph = try #require(graphs.first)
            for (type, page) in zip(Self.grouped, pages) {
                let written = TopicPage(of: type, in: graph).text
                if Renewal.isWanted { try Renewal.write(written, to: page) }
                #expect(try Repository.text(page) == written, "run Tests/renew")
            }
            // DocC groups the members of the other types by their kind.
            let listed = try Repository.text("\(Self.catalog)/Bulkhead.md")
            for symbol in graph.symbols where symbol.pathComponents.count == 1 {
                #expect(listed.contains("\n- ``\(symbol.path)``\n"), "Bulkhead.md has no topic for \(symbol.path)")
            }
        }
    }

    @Test(arguments: ["Bulkhead", "BulkheadModules", "BulkheadTestServer", "BulkheadConformance"])
    func `is built without a warning`(module: String) throws {
        try Self.withGraphs(of: module) { _, folder in
            let archive = folder.appendingPathComponent("archive").path
            let source = module == "Bulkhead" ? [Repository.root.appendingPathComponent(Self.catalog).path] : []
            let built = try Child.run(
                "/bin/sh",
                ["-c", #"exec "$@" 2>&1"#, "sh", "docc", "convert"] + source + [
                    "--additional-symbol-graph-dir", folder.path, "--output-path", archive,
                    "--fallback-display-name", module, "--fallback-bundle-identifier", module,
                    "--warnings-as-errors", "--ide-console-output",
                ])
            #expect(built.status == 0, "\(built.output)")
            #expect(FileManager.default.fileExists(atPath: "\(archive)/index.html"))
        }
    }

    /// Hands on the graphs and the folder they lie in, which goes away.
    private static func withGraphs(of module: String, _ use: ([SymbolGraph], URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("bulkhead-documentation-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        try use(try SymbolGraph.extract(module, into: folder, extensions: false), folder)
    }
}
#endif
