import Bulkhead
import BulkheadNetworking
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Synchronization
import Testing

/// What no server that is free to have announces, said by a scripted one.
@Suite(.timeLimit(.minutes(10))) struct `Maintenance that a server announces` {
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

    /// What a program does that sends no command on a shared connection.
    enum OnlyCall: CaseIterable, Sendable {
        case blockingCommand, blockingLease, lease, transaction

        func who(in databases: RedisDatabases) async throws -> String? {
            switch self {
            case .blockingCommand: try await onThread { try databases.blocking(.main).get("who") }
            case .blockingLease:
                try await onThread { try databases.blocking(.main).withConnection { try $0.get("who") } }
            case .lease: try await databases[.main].withConnection { try await $0.get("who") }
            case .transaction: try await databases[.main].transaction(.get("who"), .get("who")).0
            }
        }
    }

    @Test(arguments: OnlyCall.allCases)
    func `a program without a shared connection hears that its database moves`(_ call: OnlyCall) async throws {
        let new = try RedisTestServer.start(.init(listening: .tcp))
        defer { new.stop() }
        let place = "127.0.0.1:\(try #require(new.port))"
        let old = ScriptedServer { peer in
            var queued: Int?
            while let command = peer.readCommand() {
                let (words, value) = ("$\(place.utf8.count)\r\n\(place)\r\n", "$3\r\nold\r\n")
                let announcement = ">4\r\n$6\r\nMOVING\r\n:1\r\n:60\r\n" + words
                switch (command[0], queued) {
                case ("HELLO", _): peer.write("%1\r\n$5\r\nproto\r\n:3\r\n")
                case ("GET", nil): peer.write(announcement + value)
                case ("GET", let count?):
                    queued = count + 1
                    peer.write("+QUEUED\r\n")
                case ("EXEC", let count?):
                    peer.write(announcement + "*\(count)\r\n" + String(repeating: value, count: count))
                    queued = nil
                case ("MULTI", _):
                    queued = 0
                    peer.write("+OK\r\n")
                default: peer.write("+OK\r\n")
                }
            }
        }
        defer { old.stop() }
        let databases = databases(old.path)
        let admin = RedisDatabases(testConfiguration(new))
        try await admin[.main].set("who", "new")
        let hasMoved = await eventually { (try? await call.who(in: databases)) == "new" }
        #expect(hasMoved)
        await databases.close()
        await admin.close()
    }

    @Test func `without a new place connections are made anew after a while, to the same name`() async throws {
        let count = Mutex(0)
        let server = ScriptedServer { peer in
            peer.shakeHands()
            let number = count.withLock { count in
                count += 1
                return count
            }
            while peer.readCommand() != nil {
                // Each connection says it.
                peer.write(">4\r\n$6\r\nMOVING\r\n:1\r\n:1\r\n_\r\n:\(number)\r\n")
            }
        }
        defer { server.stop() }
        let databases = databases(server.path)
        let main = try databases[.main]
        #expect(try await main.send("DBSIZE", as: Int.self) == 1)
        let isNew = await eventually { (try? await main.send("DBSIZE", as: Int.self)) == 2 }
        #expect(isNew)
        await databases.close()
    }

    /// Two servers of a cluster: the first has all slots until it says that the second has them. It redirects nobody.
    @Test(arguments: [0, 5])
    func `slots that have moved are asked for at their new server, before anybody is redirected`(
        number: Int
    ) async throws {
        let ports = Mutex<[Int]>([])
        let hasMoved = Mutex(false)
        let questions = Mutex<[[String]]>([])
        let script = { @Sendable (index: Int) in
            { @Sendable (peer: ScriptedPeer) in
                while let command = peer.readCommand() {
                    questions.withLock { $0.append(command) }
                    switch command[0] {
                    case "HELLO": peer.write("%1\r\n$5\r\nproto\r\n:3\r\n")
                    case "CLUSTER":
                        let port = ports.withLock { ports in ports[hasMoved.withLock { $0 } ? 1 : 0] }
                        peer.write("*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:\(port)\r\n")
                    case "GET":
                        if command[1] == "{bar}:move" {
                            hasMoved.withLock { $0 = true }
                            let names = ports.withLock { ports in ports.map { "127.0.0.1:\($0)" } }
                            let words = (names + ["0-16383"]).map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
                            // Each connection says it, and may say it twice.
                            for _ in 0..<2 { peer.write(">3\r\n$9\r\nSMIGRATED\r\n:7\r\n*1\r\n*3\r\n\(words)") }
                        }
                        peer.write("+\(index)\r\n")
                    default: peer.write("+OK\r\n")
                    }
                }
            }
        }
        let servers = [ScriptedServer(onPort: 0, script: script(0)), ScriptedServer(onPort: 0, script: script(1))]
        defer { for server in servers { server.stop() } }
        ports.withLock { $0 = servers.map(\.port) }
        var configuration = testGroupConfiguration()
        configuration.maintenance = RedisMaintenance()
        configuration.version = .resp3
        let place = try DatabaseServer(cluster: ["127.0.0.1:\(servers[0].port)"])
        let databases = RedisDatabases(
            configuration, catalogue: try DatabaseCatalogue([DatabaseEntry(.main, number: number, server: place)]))
        let main = try databases[.main]
        #expect(try await main.get("{bar}") == "0")
        #expect(try await main.get("{bar}:move") == "0")
        let isThere = await eventually { (try? await main.get("{bar}")) == "1" }
        #expect(isThere)
        let asked = questions.withLock { $0 }
        #expect(asked.count { $0 == ["CLUSTER", "SLOTS"] } == 2, "\(asked)")
        #expect(asked.contains { $0.prefix(2) == ["CLIENT", "MAINT_NOTIFICATIONS"] })
        await databases.close()
    }

    @Test(arguments: ["MIGRATING", "FAILING_OVER", "SMIGRATING"], [true, false])
    func `late answers are waited for while the server says that they will be`(word: String, isOver: Bool) async throws
    {
        let gate = DispatchSemaphore(value: 0)
        let end = ["MIGRATING": "MIGRATED", "SMIGRATING": "SMIGRATED"][word] ?? "FAILED_OVER"
        let server = ScriptedServer { peer in
            peer.shakeHands()
            while let command = peer.readCommand() {
                if command[0] == "GET" {
                    gate.wait()
                } else {
                    let what = word == "SMIGRATING" ? "$9\r\n5,100-200\r\n" : ":60\r\n"
                    peer.write(">3\r\n$\(word.utf8.count)\r\n\(word)\r\n:1\r\n\(what)")
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
