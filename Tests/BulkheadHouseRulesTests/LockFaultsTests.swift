import BulkheadTestSupport
import Foundation
import Testing

/// The program that stops processes and makes their locks' server fail over. `Tests/lock-faults` runs it for long.
@Suite(.timeLimit(.minutes(10))) struct LockFaultsTests {
    private func run(_ subject: String) throws -> String {
        let program = Repository.binaries.appendingPathComponent("BulkheadLockFaults").path
        let (output, status) = try Child.run(
            program, ["--subjects", subject, "--stops", "6", "--failovers", "2"])
        #expect(status == 0, "\(output)")
        return output
    }

    @Test func `holders that were stopped or overtaken write nothing behind a fence`() throws {
        let output = try run("lock")
        #expect(output.contains("behind the fence: 0"))
        // It sees what it counts: a thread that was stopped goes on beside the next holder.
        #expect(!output.contains("without the fence: 0"), "\(output)")
    }

    @Test func `work that is noted as done is not done again behind a fence`() throws {
        let output = try run("once")
        #expect(output.contains("The guard held."))
        #expect(!output.contains("beyond the first, without the fence: 0"), "\(output)")
    }

    @Test func `no more is allowed than the rate and the burst, and a burst more after a failover`() throws {
        let output = try run("limit")
        #expect(output.contains("The limit held."))
        #expect(!output.contains(", 0 refused"), "\(output)")
    }
}
