#if os(Linux) && compiler(>=6.3) && compiler(<6.4)
import Foundation
import Testing

/// Other compilers and systems write some declarations in other words.
///
/// `swift package diagnose-api-breaking-changes` builds the last version anew for each run, and needs its commit, which
/// a shallow clone lacks. This reads the modules of this build, and its text shows reviewers what changes.
@Suite(.serialized) struct `The public interface` {
    private static let folder = "Tests/Interface"
    /// BulkheadRESP is a part of what Bulkhead exports.
    private static let modules = ["Bulkhead", "BulkheadModules", "BulkheadTestServer", "BulkheadConformance"]

    @Test func `is the one that is written down, so that reviewers see what changes`() throws {
        var written: Set<String> = []
        var present: Set<String> = []
        for module in Self.modules {
            let page = "\(Self.folder)/\(module).txt"
            let interface = try Self.interface(of: module)
            #expect(interface.lines.count > 5)
            written.formUnion(PublicInterface(text: (try? Repository.text(page)) ?? "").lines)
            present.formUnion(interface.lines)
            if Renewal.isWanted { try Renewal.write(interface.text, to: page) }
        }
        guard Renewal.isWanted else {
            #expect(written.subtracting(present).sorted() == [], "gone; run Tests/renew")
            #expect(present.subtracting(written).sorted() == [], "new; run Tests/renew")
            return
        }
        // What has come back, or gone again, is no break.
        let breaks = Set(try Self.breaks()).union(PublicInterface.breaks(from: written, to: present))
        let standing = breaks.filter { $0.hasPrefix("+") == present.contains(String($0.dropFirst(2))) }
        try Renewal.write(standing.sorted().map { $0 + "\n" }.joined(), to: "\(Self.folder)/Breaks.txt")
    }

    @Test func `has for each break since the last version a word in the changelog`() throws {
        let changelog = try Repository.text(".github/CHANGELOG.md")
        let start = try #require(changelog.range(of: "\n## Unreleased"))
        let rest = changelog[start.upperBound...]
        let section = rest[..<(rest.range(of: "\n## ")?.lowerBound ?? rest.endIndex)]
        let names = try Set(Self.breaks().map(PublicInterface.name(ofBreak:)))
        for name in names.sorted() {
            #expect(section.contains(name), "the changelog does not say what to write instead of \(name)")
        }
    }

    @Test func `keeps the commands for a whole server off databases and their connections`() throws {
        let lines = try Repository.text("\(Self.folder)/Bulkhead.txt").split(separator: "\n")
        func methods(of types: Set<Substring>) -> Set<Substring> {
            Set(
                lines.compactMap { line in
                    guard let colon = line.firstIndex(of: ":"),
                        let type = line[..<colon].split(separator: " ").first, types.contains(type)
                    else { return nil }
                    return line[colon...].firstMatch(of: /func (\w+)/)?.1
                })
        }
        let ofServer = methods(of: ["RedisServer", "BlockingRedisServer"])
        let ofDatabase = methods(of: [
            "RedisExecutor", "RedisDatabase", "RedisConnection",
            "BlockingRedisExecutor", "BlockingRedisDatabase", "BlockingRedisConnection",
        ])
        #expect(ofServer.count > 90 && ofServer.contains("configSet") && ofDatabase.count > 200)
        #expect(ofServer.intersection(ofDatabase).sorted() == ["run", "within"])
    }

    private static func interface(of module: String) throws -> PublicInterface {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("bulkhead-interface-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        return PublicInterface(try SymbolGraph.extract(module, into: folder, extensions: true))
    }

    private static func breaks() throws -> [String] {
        try Repository.text("\(folder)/Breaks.txt").split(separator: "\n").map { String($0) }
    }
}
#endif
