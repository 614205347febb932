@testable import BulkheadNetworking
import BulkheadRESP
import BulkheadTestSupport
import Foundation
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(10))) struct `Whoever waits for a reply` {
    /// Answers at once, but what is slow a moment later: not in the read that brings the reply before it.
    private static func server() -> ScriptedServer {
        .answering { words in
            if words[1] == "slow" { Thread.sleep(forTimeInterval: 0.002) }
            return "$\(words[1].utf8.count)\r\n\(words[1])\r\n"
        }
    }

    /// A lone caller writes all that has gathered: its own request, and what others asked for while it wrote. It leaves
    /// with its own reply, and nobody must be left behind on a connection that nobody watches.
    @Test func `is not forgotten by a lone caller who sent that request with its own`() async throws {
        let server = Self.server()
        defer { server.stop() }
        let connection = AsyncConnection(.to(server.path).spinning(for: .milliseconds(20)))
        var random = SeededGenerator(seed: 1)
        for _ in 0..<1_000 {
            let isAboutToSend = Atomic(false)
            let turns = Int.random(in: 0..<2_000, using: &random)
            async let slow = {
                // A few microseconds behind the lone caller, never for long: the two may have one thread.
                let end = ContinuousClock.now + .milliseconds(1)
                while !isAboutToSend.load(ordering: .acquiring), ContinuousClock.now < end {}
                for _ in 0..<turns { _ = isAboutToSend.load(ordering: .acquiring) }
                return await connection.send(command("ECHO slow"), until: .after(.seconds(20)))
            }()
            isAboutToSend.store(true, ordering: .releasing)
            #expect(await connection.send(command("ECHO quick")).value == .bulkString(RESPBytes("quick")))
            let reply = await slow
            #expect(reply.value == .bulkString(RESPBytes("slow")))
            if reply.value == nil { break }
            // So that the I/O task rests, and the next caller is a lone one.
            try await Task.sleep(for: .microseconds(200))
        }
        await connection.close(grace: .seconds(30))
    }
}
