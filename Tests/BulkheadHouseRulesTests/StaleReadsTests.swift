import BulkheadTestSupport
import Foundation
import Testing

/// The program that hunts for stale reads of caches. `Tests/stale-reads` runs it for long.
@Suite(.timeLimit(.minutes(10))) struct StaleReadsTests {
    @Test func `writes, flushes, swaps and kills make no cached read stale`() throws {
        let program = Repository.binaries.appendingPathComponent("BulkheadStaleReads").path
        let (output, status) = try Child.run(program, ["--reads", "20000"])
        #expect(status == 0, "\(output)")
        #expect(output.contains("\n0 stale"))
    }
}
