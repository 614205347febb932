import BulkheadTestServer
import Foundation
import Testing

@Suite struct ReadmeTests {
    @Test func `the README opens with one sentence, a program of at most 15 lines, and two commands`() throws {
        let text = try Repository.text("README.md")
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
        #expect(lines[0] == "# Bulkhead")
        let sentence = lines[2]
        #expect(sentence.hasSuffix(".") && sentence.filter { $0 == "." }.count == 1, "line 3 is not one sentence")
        let program = try Self.blocks(of: "swift", in: text)[0]
        #expect(program.split(separator: "\n", omittingEmptySubsequences: false).count <= 15)
        for command in ["./Benchmarks/run", "./Tests/run"] {
            let place = try #require(text.range(of: command), "README names no \(command)")
            let before = text[..<place.lowerBound].filter { $0 == "\n" }.count
            #expect(before < 40, "\(command) is not on the first screen")
            #expect(FileManager.default.isExecutableFile(atPath: Repository.root.path + command.dropFirst()))
        }
    }

    @Test func `the README's program is the one that is compiled here, and does what it says`() throws {
        let program = try Self.blocks(of: "swift", in: try Repository.text("README.md"))[0]
        #expect(try Repository.text("Tests/ReadmeProgram/main.swift") == program + "\n")
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let binary = Repository.binaries.appendingPathComponent("BulkheadReadmeProgram").path
        let (output, status) = try Child.run(binary, [], environment: ["REDIS_URL": server.url])
        #expect(status == 0)
        #expect(output == "alice has a vector of 3 dimensions in a database of 1 key\n")
    }

    @Test func `every other program of the README is compiled here as it stands there`() throws {
        let compiled = try Repository.text("Tests/ReadmeProgram/Snippets.swift")
        // The first is a program of its own, and the manifest's lines are those of the package in ConsumerTests.
        for block in try Self.blocks(of: "swift", in: try Repository.text("README.md")).dropFirst()
        where !block.hasPrefix(".package") {
            let indented = Self.indented(block)
            #expect(compiled.contains("\n\(block)\n") || compiled.contains("\n\(indented)\n"), "not compiled: \(block)")
        }
    }

    /// `Tests/companion` compiles Observing with the packages that it adapts, and `ArticleTests` sees to three more.
    private static let apart: Set<String> = ["Observing", "Transactions", "Scripts", "Conformance"]

    @Test func `every program of an article is compiled here as it stands there`() throws {
        let folder = "Sources/Bulkhead/Documentation.docc"
        for file in try FileManager.default.contentsOfDirectory(atPath: Repository.root.path + "/" + folder).sorted()
        where file.hasSuffix(".md") {
            let article = String(file.dropLast(3))
            let blocks = try Self.blocks(of: "swift", in: try Repository.text("\(folder)/\(file)"))
            if blocks.isEmpty || Self.apart.contains(article) { continue }
            var compiled = try Repository.text("Tests/ReadmeProgram/\(article)Article.swift")
            // It has a whole program, which MovingProgramTests runs.
            if article == "MovingAName" { compiled += "\n" + (try Repository.text("Tests/MovingProgram/main.swift")) }
            for block in blocks {
                let isThere = compiled.contains("\n\(block)\n") || compiled.contains("\n\(Self.indented(block))\n")
                #expect(isThere, "not compiled, of \(article): \(block)")
            }
        }
    }

    /// The fenced blocks of a language, without their fences.
    static func blocks(of language: String, in text: String) throws -> [String] {
        let parts = text.components(separatedBy: "```\(language)\n").dropFirst()
        return try parts.map { part in
            String(part[..<(try #require(part.range(of: "\n```"), "a block without its end")).lowerBound])
        }
    }

    /// A block as it stands inside of a function.
    static func indented(_ block: String) -> String {
        block.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.isEmpty ? "" : "    " + $0 }.joined(separator: "\n")
    }
}
