import Bulkhead
import BulkheadNetworking
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Synchronization
import Testing

/// What no server that is free to have announces, said by a scripted one.
@Suite(.timeLimit(.minutes(5))) struct `Maintenance that a server announces` {
    private func databases(_ path: String, _ configure: (inout RedisConfiguration) -> Void = { _ in }) -> RedisDatabases
    {
        var configuration = testConfiguration(path)
        configuration.maintenance = RedisMaintenance()
        // Nothing is announced in RESP2.
        configuration.version = .resp3
        configure(&configuration)
        return RedisDatabases(configuration)
    }

    @Test func `a database that moves takes new commands to its new place, and those under way are answered`()
        async throws
    {
        let new = try RedisTestServer.start(.init(listening: .tcp))
        defer { new.stop() }
        let port = try #require(new.port)
        let asked = Mutex<[[String]]>([])
        let gate = DispatchSemaphore(value: 0)
        let old = ScriptedServer { peer in
            while let command = peer.readCommand() {
                asked.withLock { $0.append(command) }
                switch command[0] {
                case "HELLO": peer.write("%1\r\n$5\r\nproto\r\n:3\r\n")
                case "GET" where command[1] == "slow":
                    let place = "127.0.0.1:\(port)"
                    // Each connection says it, and may say it twice.
                    for _ in 0..<2 {
                        peer.write(">4\r\n$6\r\nMOVING\r\n:1\r\n:60\r\n$\(place.utf8.count)\r\n\(place)\r\n")
                    }
                    gate.wait()
                    peer.write("$3\r\nold\r\n")
                default: peer.write("+OK\r\n")
                }
            }
        }
        defer { old.stop() }
        let databases = databases(old.path)
        let admin = RedisDatabases(testConfiguration(new))
        try await admin[.main].set("who", "new")
        async let slow = databases[.main].get("slow")
        // One that is sent behind the slow one waits with it.
        let main = try databases[.main]
        let hasMoved = await eventually { (try? await main.within(.seconds(1)).get("who")) == "new" }
        #expect(hasMoved)
        gate.signal()
        #expect(try await slow == "old")
        for form in Form.allCases {
            guard case .success("new"?) = await form.run(.get("who"), in: databases) else {
                Issue.record("not at the new place")
                continue
            }
        }
        let question = asked.withLock { $0.first { $0.first == "CLIENT" && $0[1] == "MAINT_NOTIFICATIONS" } }
        #expect(question == ["CLIENT", "MAINT_NOTIFICATIONS", "ON", "moving-endpoint-type", "external-fqdn"])
        await databases.close()
        await admin.close()
    }

    @Test(arguments: ["MIGRATING", "FAILING_OVER"], [true, false])
    func `late answers are waited for while the server says that they will be`(word: String, isOver: Bool) async throws
    {
        let gate = DispatchSemaphore(value: 0)
        let end = word == "MIGRATING" ? "MIGRATED" : "FAILED_OVER"
        let server = ScriptedServer { peer in
            peer.shakeHands()
            while let command = peer.readCommand() {
                if command[0] == "GET" {
                    gate.wait()
                } else {
                    peer.write(">3\r\n$\(word.utf8.count)\r\n\(word)\r\n:1\r\n:60\r\n")
                    if isOver { peer.write(">2\r\n$\(end.utf8.count)\r\n\(end)\r\n:1\r\n") }
                }
                peer.write("+PONG\r\n")
            }
        }
        defer { server.stop() }
        let databases = databases(server.path) { configuration in
            configuration.maintenance?.extraTime = .seconds(200)
            configuration.spinTime = .zero
        }
        #expect(try await databases[.main].ping() == "PONG")
        let main = try databases[.main]
        let late = Task { try await main.within(.milliseconds(50)).get("late") }
        // Its own time is over by then.
        try await Task.sleep(for: .milliseconds(300))
        if isOver {
            let error = await #expect(throws: RedisError.self) { try await late.value }
            #expect(error?.code == .timedOut)
            gate.signal()
        } else {
            gate.signal()
            #expect(try await late.value == "PONG")
        }
        await databases.close()
    }

    @Test func `a server that does not know the question is used as ever`() async throws {
        try await withDatabases(configure: { $0.maintenance = RedisMaintenance() }) { databases, _ in
            for form in Form.allCases { #expect(await form.run(.ping(), in: databases).isSuccess) }
        }
    }
}
