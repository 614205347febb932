import Foundation
import Testing

/// README, articles and the contributor's pages name what is there.
@Suite struct PageTests {
    private static func pages() throws -> [String] {
        let folders = ["Sources/Bulkhead/Documentation.docc", ".github"]
        return try ["README.md"]
            + folders.flatMap { folder in
                try FileManager.default.contentsOfDirectory(atPath: Repository.root.appendingPathComponent(folder).path)
                    .filter { $0.hasSuffix(".md") }.sorted().map { "\(folder)/\($0)" }
            }
    }

    private static func isThere(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: Repository.root.appendingPathComponent(path).standardized.path)
    }

    @Test func `every file that a page names is there`() throws {
        let named = /`\.?\/?((?:Sources|Tests|Benchmarks|\.github)\/[^` ]*)[` ]/
        var count = 0
        for page in try Self.pages() {
            for match in try Repository.text(page).matches(of: named) {
                count += 1
                #expect(Self.isThere(String(match.1)), "\(page) names \(match.1)")
            }
        }
        #expect(count > 50)
    }

    @Test func `every link of a page leads to a file`() throws {
        for page in try Self.pages() {
            let folder = page.contains("/") ? String(page[..<page.lastIndex(of: "/")!]) + "/" : ""
            for match in try Repository.text(page).matches(of: /\]\(([^)#:]+)(?:#[^)]*)?\)/) {
                #expect(Self.isThere(folder + match.1), "\(page) links to \(match.1)")
            }
        }
    }

    @Test func `every type that Architecture names is there`() throws {
        let files = try Repository.swiftFiles(in: "Sources") + Repository.swiftFiles(in: "Tests")
        let letters = UInt8(ascii: "A")...UInt8(ascii: "z")
        var words: Set<String> = []
        for text in try files.map(Repository.text) {
            words.formUnion(text.utf8.split { !letters.contains($0) }.compactMap { String($0) })
        }
        let page = try Repository.text("Sources/Bulkhead/Documentation.docc/Architecture.md")
        let names = Set(page.matches(of: /`((?:[A-Z]+[a-z]+){2,})[.`(]/).map { String($0.1) })
        #expect(names.count > 20)
        words.formUnion(files.map { String($0.dropLast(".swift".count).split(separator: "/").last ?? "") })
        #expect(names.subtracting(words) == [], "Architecture names what is gone")
    }

    @Test func `the version stands in one place, and the changelog goes on to it`() throws {
        let place = "Sources/BulkheadNetworking/LibraryVersion.swift"
        let number = try #require(try Repository.text(place).firstMatch(of: /"(\d+\.\d+\.\d+)"/)?.1)
        let program = Repository.binaries.appendingPathComponent("bulkhead").path
        #expect(try Child.run(program, ["--version"]).output == "bulkhead \(number)\n")
        let newest = try Repository.text(".github/CHANGELOG.md").firstMatch(of: /\n## ([^\n]*)/)?.1 ?? ""
        #expect(newest.contains("(\(number))") || newest.hasPrefix("\(number) "), "the changelog begins with \(newest)")
        for file in try Repository.swiftFiles(in: "Sources") where file != place {
            #expect(try !Repository.text(file).contains("\"\(number)\""), "\(file) has the version too")
        }
    }
}
