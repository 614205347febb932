import Foundation
import Testing

/// The fuzzer itself; `Tests/fuzz` runs it for long.
@Suite(.timeLimit(.minutes(10))) struct FuzzerTests {
    private static func run(_ words: String...) throws -> (output: String, status: Int32) {
        try Child.run(Repository.binaries.appendingPathComponent("BulkheadFuzzer").path, words)
    }

    @Test func `what the fuzzer once found stays as it should be`() throws {
        let folder = Repository.root.appendingPathComponent("Tests/Fuzzer/Finds").path
        let finds = try FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(finds.count >= 6)
        for find in finds.sorted() {
            #expect(try Self.run("--replay", "\(folder)/\(find)").status == 0, "Tests/fuzz --replay \(find)")
        }
    }

    @Test(arguments: ["decoder", "snapshot", "value", "payload", "handshake", "url", "catalogue"])
    func `the same seed gives the same inputs with the same endings`(target: String) throws {
        func endings() throws -> [Substring] {
            let run = try Self.run("--inputs", "500", "--seed", "11", "--target", target)
            #expect(run.status == 0)
            return run.output.split(separator: "\n").filter { $0.hasPrefix("  ") }
        }
        let first = try endings()
        #expect(first.count >= 2)
        #expect(try endings() == first)
    }

    @Test(arguments: ["--target nothing", "--inputs 0", "--seed -1", "--replay /no/such/file"])
    func `what it cannot do it says, and does not count as a find`(words: String) throws {
        let program = Repository.binaries.appendingPathComponent("BulkheadFuzzer").path
        let status = try Child.run(program, words.split(separator: " ").map(String.init)).status
        #expect(status > 100)
    }
}
