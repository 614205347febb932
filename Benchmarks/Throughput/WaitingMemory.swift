import Bulkhead
import BulkheadBenchmarkSupport
import BulkheadTestServer
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Bytes of memory that a GET costs while it waits, beyond its task: as many tasks as the load has clients wait for
/// nothing, then each for a reply of a server that is stopped. Memory comes in pages, so it takes some thousand tasks.
/// A call's frames lie in the block that its task has already, if its caller's frames leave room there.
struct WaitingMemory {
    let load: Load
    let server: RedisTestServer

    func bytesPerCall(on database: RedisDatabase) async throws -> Int {
        let gate = Gate()
        // Whatever fails, nobody waits for ever.
        _ = try Self.residentBytes()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<load.clients {
                group.addTask {
                    await gate.pass()
                    // Not by `Work`, whose function has room for several operations: that is no part of a call.
                    _ = try await database.get(Work.key)
                }
            }
            while gate.count < load.clients { try await Task.sleep(for: .milliseconds(1)) }
            let before = try Self.residentBytes()
            try server.pause()
            defer { server.resume() }
            gate.open()
            // Until no call asks for more.
            var after = try Self.residentBytes()
            for _ in 0..<Self.steadyLooks {
                try await Task.sleep(for: .milliseconds(20))
                after = max(after, try Self.residentBytes())
            }
            server.resume()
            try await group.waitForAll()
            return (after - before) / load.clients
        }
    }

    private static let steadyLooks = 20

    private static func residentBytes() throws -> Int {
        let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ")
        guard let pages, pages.count > 1, let resident = Int(pages[1]) else {
            throw ProgramError("only Linux says in /proc/self/statm how much memory a process has")
        }
        return resident * sysconf(Int32(_SC_PAGESIZE))
    }

    /// Where the tasks wait for nothing.
    private final class Gate: Sendable {
        private let waiting = Mutex<[UnsafeContinuation<Void, Never>]>([])

        var count: Int { waiting.withLock { $0.count } }

        func pass() async {
            await withUnsafeContinuation { caller in waiting.withLock { $0.append(caller) } }
        }

        func open() {
            for caller in waiting.withLock({ $0 }) { caller.resume() }
        }
    }
}
