import Foundation
import Testing

@Suite struct ArticleTests {
    @Test(arguments: ["Transactions", "Scripts"])
    func `every program of an article is compiled and run as it stands there`(article: String) throws {
        let compiled = try Repository.text("Tests/BulkheadTests/ArticleExampleTests.swift")
        let blocks = try ReadmeTests.blocks(
            of: "swift", in: try Repository.text("Sources/Bulkhead/Documentation.docc/\(article).md"))
        #expect(!blocks.isEmpty)
        for block in blocks { #expect(compiled.contains("\n\(block)\n"), "not compiled: \(block)") }
    }

    @Test func `the test of a server in the article about conformance is one of the tests`() throws {
        let compiled = try Repository.text("Tests/BulkheadToolsTests/ConformanceLibraryTests.swift")
        let article = try Repository.text("Sources/Bulkhead/Documentation.docc/Conformance.md")
        let blocks = try ReadmeTests.blocks(of: "swift", in: article)
        #expect(blocks.count == 1)
        for block in blocks { #expect(compiled.contains("\n\(block)\n"), "not compiled: \(block)") }
    }

    @Test func `every code of an error stands in the article about errors`() throws {
        let declared = try Repository.text("Sources/Bulkhead/Errors/RedisError+Code.swift")
            .matches(of: /Self\((?:server: )?"([^"]+)"\)/).map { String($0.1) }
        let article = try Repository.text("Sources/Bulkhead/Documentation.docc/Errors.md")
        var listed: [String] = []
        for row in article.split(separator: "\n") where row.hasPrefix("| `") {
            listed += row.split(separator: "|")[0].matches(of: /`([^`]+)`/).map { String($0.1) }
        }
        #expect(declared.count > 40)
        #expect(listed.sorted() == declared.sorted())
    }

    @Test func `no everyday task takes more lines here than with another client`() throws {
        let text = try Repository.text("Sources/Bulkhead/Documentation.docc/TenEverydayTasks.md")
        let tasks = text.components(separatedBy: "\n### ").dropFirst()
        #expect(tasks.count == 10)
        for task in tasks {
            let title = task.prefix { $0 != "\n" }
            let forms = try ["swift", "valkey-swift", "redis-py"].map { client in
                try #require(ReadmeTests.blocks(of: client, in: task).first, "\(title) without \(client)")
            }
            let lines = forms.map { form in form.split(separator: "\n").count { $0.contains(where: \.isLetter) } }
            let letters = forms.map { form in form.count { !$0.isWhitespace } }
            #expect(lines[0] <= min(lines[1], lines[2]), "\(title): lines of each \(lines)")
            #expect(letters[0] < letters[1], "\(title): characters of each \(letters)")
            // Each of ours has a type for what comes.
            #expect(!forms[0].contains("RESPValue") && !forms[0].contains("Any"), "\(title)")
        }
    }
}
