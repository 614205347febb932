import BulkheadTestSupport
import Foundation
import Testing

/// The program that stops holders of a lock and makes its server fail over. `Tests/lock-faults` runs it for long.
@Suite(.timeLimit(.minutes(10))) struct LockFaultsTests {
    @Test func `holders that were stopped or overtaken write nothing behind a fence`() throws {
        let program = Repository.binaries.appendingPathComponent("BulkheadLockFaults").path
        let (output, status) = try Child.run(program, ["--stops", "6", "--failovers", "2"])
        #expect(status == 0, "\(output)")
        #expect(output.contains("behind the fence: 0"))
        // It sees what it counts: a thread that was stopped goes on beside the next holder.
        #expect(!output.contains("without the fence: 0"), "\(output)")
    }
}
