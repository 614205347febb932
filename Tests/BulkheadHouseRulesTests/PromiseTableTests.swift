import Foundation
import Testing

@Suite struct `The table of promises` {
    @Test func `names for every promise a test that exists`() throws {
        let names = try Set(
            Repository.swiftFiles(in: "Tests").flatMap { file in
                try Repository.text(file).matches(of: /func `([^`]+)`/).map { String($0.1) }
            })
        let page = try Repository.text("Sources/Bulkhead/Documentation.docc/Promises.md")
        var promises = 0
        for line in page.split(separator: "\n") where line.hasPrefix("| ") && !line.hasPrefix("| Promise |") {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            try #require(cells.count == 3, "\(line)")
            promises += 1
            let tests = cells[2].matches(of: /`([^`]+)`/).map { String($0.1) }
            #expect(!tests.isEmpty, "no test shows: \(cells[0])")
            for test in tests { #expect(names.contains(test), "no test is called: \(test)") }
        }
        #expect(promises > 40)
    }
}
