import BulkheadTestSupport
import Foundation
import Testing

/// The program that counts what faults cost. `Tests/fault-table` runs it for long, and with more failovers.
@Suite(.serialized, .timeLimit(.minutes(15))) struct FaultTableTests {
    @Test(.enabled(if: TestTier.hasTime), arguments: ["server", "sentinels", "cluster", "names"])
    func `no fault lets a write run twice, or run though its error says that it was not sent`(place: String) throws {
        let program = Repository.binaries.appendingPathComponent("BulkheadFaultTable").path
        let valkey = ServerUnderTest.valkey9.map { ["--valkey", $0] } ?? []
        let (output, status) = try Child.run(
            program, ["--rounds", "1", "--failovers", "3", "--places", place] + valkey)
        #expect(status == 0, "\(output)")
        #expect(output.contains("\nNothing ran twice"), "\(output)")
        // What cannot happen here is said.
        for line in output.split(separator: "\n") where line.hasPrefix("*** SKIPPED") { print(line) }
        let rows = output.split(separator: "\n").count { $0.hasPrefix("| a ") }
        #expect(rows >= (place == "names" && valkey.isEmpty ? 0 : 3), "\(output)")
        if place == "sentinels" { #expect(output.contains("one was stale"), "\(output)") }
    }
}
