import Foundation
import Testing

/// `Tests/companion` compiles and runs the adapters, with packages that this one does not depend on.
@Suite struct ObservingTests {
    @Test func `every adapter of Observing is compiled by the companion as it stands there`() throws {
        let article = try Repository.text("Sources/Bulkhead/Documentation.docc/Observing.md")
        let compiled = try Repository.swiftFiles(in: "Tests/Adapters/Sources").map(Repository.text)
        let blocks = try ReadmeTests.blocks(of: "swift", in: article)
        #expect(blocks.count >= 7)
        for block in blocks {
            let indented = ReadmeTests.indented(block)
            #expect(
                compiled.contains { $0.contains("\n\(block)\n") || $0.contains("\n\(indented)\n") },
                "not compiled: \(block)")
        }
    }
}
