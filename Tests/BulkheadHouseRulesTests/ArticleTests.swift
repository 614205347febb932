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
}
