import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A server that is back` {
    /// Short backoffs that are long believed: the next attempt comes at once, and tells for all.
    private func configuration(_ path: String) -> RedisConfiguration {
        var configuration = testConfiguration(path)
        configuration.reconnectDelay = .microseconds(1)
        configuration.maximumReconnectDelay = .seconds(600)
        return configuration
    }

    @Test func `is back for all who have time, while the first of them shakes hands`() async throws {
        let name = MovingName()
        let databases = RedisDatabases(configuration(name.path))
        for form in Form.allCases {
            for _ in 0..<3 { #expect(await form.run(.ping(), in: databases).failure?.code == .connectFailed) }
        }
        let server = ScriptedServer { peer in
            Thread.sleep(forTimeInterval: 0.1)
            peer.shakeHands()
            while peer.readCommand() != nil { peer.write("+PONG\r\n") }
        }
        defer { server.stop() }
        name.point(to: server.path)
        // The longest of the backoffs that the few failures came to.
        try await Task.sleep(for: .milliseconds(20))
        let failures = await withTaskGroup(of: RedisError?.self) { group in
            for caller in 0..<1_000 {
                let name = [DatabaseName.main, .knowledge, .prompts, .analytics][caller % 4]
                group.addTask { await Form.asynchronous.run(.ping(), in: databases, name).failure }
            }
            for _ in 0..<10 { group.addTask { await Form.blocking.run(.ping(), in: databases).failure } }
            return await group.reduce(into: []) { $0.append($1) }.compactMap(\.self)
        }
        #expect(failures == [])
        await databases.close()
    }

    @Test(arguments: Form.allCases)
    func `keeps nobody waiting beyond their own deadline, while the first shakes hands`(form: Form) async throws {
        let name = MovingName()
        let databases = RedisDatabases(configuration(name.path))
        for _ in 0..<3 { _ = await form.run(.ping(), in: databases) }
        let end = DispatchSemaphore(value: 0)
        let server = ScriptedServer { peer in
            end.wait()
            end.signal()
            peer.shakeHands()
            while peer.readCommand() != nil { peer.write("+PONG\r\n") }
        }
        defer { server.stop() }
        name.point(to: server.path)
        try await Task.sleep(for: .milliseconds(20))
        async let first = form.run(.ping(), in: databases)
        #expect(await eventually { server.connectionCount == 1 })
        for name in [DatabaseName.main, .knowledge] {
            let late = await form.run(.ping(), in: databases, name, within: .milliseconds(50)).failure
            #expect(late?.code == .timedOut && late?.isSafeToRetry == true)
        }
        #expect(server.connectionCount == 1)
        end.signal()
        #expect(await first.isSuccess)
        await databases.close()
    }
}
