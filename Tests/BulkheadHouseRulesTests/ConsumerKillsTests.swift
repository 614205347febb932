import BulkheadTestSupport
import Foundation
import Testing

/// The program that kills consumers of a stream. `Tests/consumer-kills` runs it for long.
@Suite(.timeLimit(.minutes(10))) struct ConsumerKillsTests {
    @Test func `killed consumers lose no entry, and handle again only what was under way`() throws {
        let program = Repository.binaries.appendingPathComponent("BulkheadConsumerKills").path
        let (output, status) = try Child.run(program, ["--kills", "10"])
        #expect(status == 0, "\(output)")
        #expect(output.contains("1000 entries, 0 lost"))
    }
}
