import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Synchronization
import Testing

/// The first events of a subscription, as one loop receives them.
func received<Message>(
    _ count: Int, of subscription: RedisSubscription<Message>
) async throws(RedisError) -> [RedisSubscriptionEvent<Message>] {
    var events: [RedisSubscriptionEvent<Message>] = []
    var iterator = subscription.makeAsyncIterator()
    while events.count < count, let event = try await iterator.next() { events.append(event) }
    return events
}

extension RedisSubscriptionEvent {
    var message: Message? { if case .message(let message) = self { message } else { nil } }
    var gap: RedisMessageGap? { if case .gap(let gap) = self { gap } else { nil } }
}

extension RedisDatabases {
    /// Waits until so many connections of the server subscribe to a channel.
    func waitForSubscribers(of channel: String, _ count: Int) async throws -> Bool {
        let server = try server(of: .main)
        for _ in 0..<3_000 {
            if try await server.pubsubNumsub(channel)[channel] == count { return true }
            try await Task.sleep(for: .milliseconds(10))
        }
        return false
    }

    /// Connections of the server that subscribe to anything.
    func subscribedConnections() async throws -> Int {
        let list = try await self[.main].send("CLIENT", "LIST", "TYPE", "pubsub", as: String.self)
        return list.split(separator: "\n").count
    }

    /// Publishes until somebody has it.
    func publish(_ message: Int, to channel: String) async throws {
        for _ in 0..<3_000 {
            if try await self[.analytics].publish(channel, message) > 0 { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("nobody listens to \(channel)")
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A subscription` {
    @Test(arguments: [RESPVersion.resp2, .resp3])
    func `brings typed messages of channels and patterns, from any database of its server`(
        version: RESPVersion
    ) async throws {
        try await withDatabases(version: version) { databases, _ in
            let subscription = try await databases[.main].subscribe(
                to: .channels("orders", "stock") + .patterns("n?ws.*"), as: Int.self)
            try await databases[.main].publish("orders", 1)
            try await databases[.knowledge].publish("news.eu", 2)
            try await databases[.analytics].publish("elsewhere", 3)
            try await databases[.analytics].publish("stock", 4)
            let messages = try await received(3, of: subscription).compactMap(\.message)
            #expect(messages.map(\.content) == [1, 2, 4])
            #expect(messages.map(\.channel) == ["orders", "news.eu", "stock"])
            #expect(messages.map(\.pattern) == [nil, "n?ws.*", nil])
        }
    }

    @Test(.enabled(if: ServerUnderTest.isAtLeast(redis: 7, 0)), arguments: [RESPVersion.resp2, .resp3])
    func `brings messages of shard channels, beside channels of the same name`(version: RESPVersion) async throws {
        try await withDatabases(version: version) { databases, _ in
            let sharded = try await databases[.main].subscribe(to: .shardChannels("a"))
            let plain = try await databases[.main].subscribe(to: .channels("a"))
            try await databases[.main].spublish("a", "to the shard")
            try await databases[.main].publish("a", "to all")
            #expect(try await received(1, of: sharded).first?.message?.content == "to the shard")
            #expect(try await received(1, of: plain).first?.message?.content == "to all")
        }
    }

    @Test(arguments: [RESPVersion.resp2, .resp3])
    func `has a form for threads, which wait for a message or until a timeout`(version: RESPVersion) async throws {
        try await withDatabases(version: version) { databases, _ in
            try await Task.detached {
                let main = try databases.blocking(.main)
                let subscription = try main.subscribe(to: .channels("orders"), as: [UInt8].self)
                #expect(try subscription.next(timeout: .milliseconds(1)) == nil)
                try main.publish("orders", "one")
                #expect(try subscription.next()?.message?.content == Array("one".utf8))
                try main.publish("orders", "two")
                subscription.unsubscribe()
                let end = #expect(throws: RedisError.self) { while try subscription.next() != nil {} }
                #expect(end?.code == .closed && end?.database == .main)
                let error = #expect(throws: RedisError.self) { try main.subscribe(to: .channels([])) }
                #expect(error?.code == .invalidArgument)
            }.value
        }
    }

    @Test func `goes on behind a message that is not of the type asked for`() async throws {
        try await withDatabases { databases, _ in
            let subscription = try await databases[.main].subscribe(to: .channels("orders"), as: Int.self)
            let main = try databases[.main]
            for text in ["1", "many", "3"] { try await main.publish("orders", text) }
            var iterator = subscription.makeAsyncIterator()
            #expect(try await iterator.next()?.message?.content == 1)
            do throws(RedisError) {
                _ = try await iterator.next()
                Issue.record("\"many\" is no number")
            } catch {
                #expect(error.code == .unexpectedReply && error.database == .main)
            }
            #expect(try await iterator.next()?.message?.content == 3)
        }
    }

    @Test func `shares its connection with all others, and unsubscribes when the last one leaves`() async throws {
        try await withDatabases { databases, _ in
            let loops = try await withThrowingTaskGroup { group in
                for number in 0..<50 {
                    group.addTask {
                        let name: DatabaseName = number % 2 == 0 ? .main : .knowledge
                        let subscription = try await databases[name].subscribe(to: .channels("news"), as: Int.self)
                        return Task {
                            var sum = 0
                            for try await case .message(let message) in subscription { sum += message.content }
                            return sum
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(try await databases.subscribedConnections() == 1)
            #expect(try await databases[.main].publish("news", 7) == 1, "the server knows one subscriber")
            for loop in loops.dropLast() { loop.cancel() }
            for loop in loops.dropLast() { #expect([0, 7].contains(try await loop.value)) }
            #expect(try await databases[.main].publish("news", 1) == 1)
            loops.last?.cancel()
            #expect(try await databases.waitForSubscribers(of: "news", 0))
        }
    }

    @Test func `is over on the server when its loop is left`() async throws {
        try await withDatabases { databases, _ in
            let ready = AsyncStream.makeStream(of: Void.self)
            let loop = Task {
                for try await event in try await leaving(databases, ready.continuation) {
                    if event.message != nil { break }
                }
            }
            for await _ in ready.stream { break }
            try await databases[.main].publish("news", "leave")
            try await loop.value
            #expect(try await databases.waitForSubscribers(of: "news", 0))
        }
    }

    private func leaving(
        _ databases: RedisDatabases, _ ready: AsyncStream<Void>.Continuation
    ) async throws -> RedisSubscription<RedisMessage<String>> {
        defer { ready.yield() }
        return try await databases[.main].subscribe(to: .channels("news"))
    }

    @Test func `closes the connection some time after the last, and makes a new one for the next`() async throws {
        try await withDatabases { configuration in
            configuration.subscriptionIdleTime = .milliseconds(20)
        } _: { databases, _ in
            for round in 0..<2 {
                let before = try await databases.connectionCount()
                let subscription = try await databases[.main].subscribe(to: .channels("news"), as: Int.self)
                #expect(try await databases.connectionCount() == before + 1)
                try await databases[.main].publish("news", round)
                #expect(try await received(1, of: subscription).first?.message?.content == round)
                subscription.unsubscribe()
                #expect(try await received(1, of: subscription).isEmpty)
                while try await databases.connectionCount() > before {
                    try await Task.sleep(for: .milliseconds(5))
                }
            }
        }
    }

    @Test(arguments: [RESPVersion.resp2, .resp3])
    func `survives the loss of its connection, and has a gap where messages may be missing`(
        version: RESPVersion
    ) async throws {
        try await withDatabases(version: version) { databases, _ in
            let main = try databases[.main]
            let first = try await main.subscribe(to: .channels("a") + .patterns("p*"), as: Int.self)
            let second = try await main.subscribe(to: .channels("a", "b"), as: Int.self)
            try await main.publish("a", 1)
            try await main.send("CLIENT", "KILL", "TYPE", "pubsub")
            try await databases.publish(2, to: "b")
            try await databases.publish(3, to: "a")
            let events = try await received(4, of: second)
            #expect(events.compactMap(\.message?.content) == [1, 2, 3])
            #expect(events[0].message?.content == 1 && events[1].gap?.count == nil)
            #expect(events[1].gap?.error.code == .connectionClosed)
            // It may have a gap of its channel and one of its pattern.
            var iterator = first.makeAsyncIterator()
            #expect(try await iterator.next()?.message?.content == 1)
            #expect(try await iterator.next()?.gap != nil)
            while let event = try await iterator.next() {
                if event.gap != nil { continue }
                #expect(event.message?.content == 3)
                break
            }
        }
    }

    @Test func `comes back with a server that was away, however long`() async throws {
        try await withDatabases { databases, server in
            let subscription = try await databases[.main].subscribe(to: .channels("a"), as: Int.self)
            server.kill()
            // Somebody new learns at once that there is no server.
            let error = await #expect(throws: RedisError.self) {
                try await databases[.main].within(.seconds(60)).subscribe(to: .channels("b"))
            }
            #expect(error.map { $0.isSafeToRetry || $0.code == .connectionClosed } == true)
            try server.restart()
            try await databases.publish(1, to: "a")
            let events = try await received(2, of: subscription)
            #expect(events.first?.gap != nil && events.last?.message?.content == 1)
        }
    }

    @Test func `notices that its connection was cut without a word`() async throws {
        let connections = Counter()
        let server = ScriptedServer { peer in
            let isFirst = connections.next() == 1
            peer.shakeHands()
            guard peer.readCommand() == ["SUBSCRIBE", "a"] else { return }
            peer.write(">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n")
            if isFirst { return peer.drain() }
            peer.write(">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n1\r\n")
            while peer.readCommand() != nil { peer.write("+PONG\r\n") }
        }
        defer { server.stop() }
        var configuration = testConfiguration(server.path)
        configuration.keepAliveInterval = .milliseconds(50)
        let databases = RedisDatabases(configuration)
        let subscription = try await databases[.main].subscribe(to: .channels("a"), as: Int.self)
        let events = try await received(2, of: subscription)
        #expect(events.first?.gap?.error.message.contains("PING") == true)
        #expect(events.last?.message?.content == 1)
        await databases.close()
    }

    @Test(arguments: [RESPVersion.resp2, .resp3])
    func `on which nothing comes is asked by PINGs, and none of them is a message`(version: RESPVersion) async throws {
        try await withDatabases(version: version) { configuration in
            configuration.keepAliveInterval = .milliseconds(10)
        } _: { databases, _ in
            let subscription = try await databases[.main].subscribe(to: .channels("a"), as: Int.self)
            func lastCommand() async throws -> String {
                try await databases[.main].send("CLIENT", "LIST", "TYPE", "pubsub", as: String.self)
            }
            while try await !lastCommand().contains("cmd=ping") { try await Task.sleep(for: .milliseconds(5)) }
            try await databases[.main].publish("a", 1)
            // On a slow machine an answer may be late: then there is a new connection, and a gap that says so.
            let events = try await received(1, of: subscription)
            if let gap = events.first?.gap {
                #expect(gap.error.code == .connectionClosed && gap.error.message.contains("PING"))
            } else {
                #expect(events.first?.message?.content == 1)
            }
        }
    }

    @Test func `keeps so many messages unread, and says how many were lost behind them`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let slow = try await main.subscribe(to: .channels("a"), as: Int.self, keeping: 3)
            let quick = try await main.subscribe(to: .channels("a", "b"), as: Int.self)
            for number in 0..<10 { try await main.publish("a", number) }
            // Behind what comes after them, all have been handed to both.
            try await main.publish("b", 10)
            #expect(try await received(11, of: quick).compactMap(\.message?.content) == Array(0...10))
            let events = try await received(4, of: slow)
            #expect(events.compactMap(\.message?.content) == [0, 1, 2])
            #expect(events.last?.gap?.count == 7 && events.last?.gap?.error.code == .messagesLost)
            try await main.publish("a", 11)
            #expect(try await received(1, of: slow).first?.message?.content == 11)
        }
    }

    @Test func `ends without an error when the databases are closed, and no other begins`() async throws {
        try await withDatabases { databases, _ in
            let subscription = try await databases[.main].subscribe(to: .channels("a"))
            let blocking = try await Task.detached {
                try databases.blocking(.main).subscribe(to: .channels("a"))
            }.value
            try await databases[.main].publish("a", "last")
            while try await received(1, of: subscription).isEmpty {}
            await databases.close()
            for try await event in subscription { Issue.record("\(event)") }
            _ = try? blocking.next()
            #expect(throws: RedisError.self) { try blocking.next() }
            let error = await #expect(throws: RedisError.self) {
                try await databases[.main].subscribe(to: .channels("a"))
            }
            #expect(error?.code == .closed)
        }
    }

    @Test func `is refused where the ACL denies a channel, and disturbs no other`() async throws {
        try await withServer { server in
            let owner = RedisDatabases(testConfiguration(server))
            try await owner[.main].send(
                "ACL", "SETUSER", "ann", "on", ">sesame", "+@all", "~*", "resetchannels", "&allowed:*")
            var configuration = testConfiguration(server)
            configuration.username = "ann"
            configuration.password = "sesame"
            let databases = RedisDatabases(configuration)
            let allowed = try await databases[.main].subscribe(to: .channels("allowed:1"), as: Int.self)
            let error = await #expect(throws: RedisError.self) {
                try await databases[.main].subscribe(to: .channels("allowed:2", "secret"))
            }
            #expect(error?.code == .noPermission && error?.stage == .answered && error?.database == .main)
            try await owner[.main].publish("allowed:1", 1)
            #expect(try await received(1, of: allowed).first?.message?.content == 1)
            // Taken back later, the right is missing on the next connection: servers hang up for that.
            try await owner[.main].send("ACL", "SETUSER", "ann", "resetchannels", "&other:*")
            try await owner[.main].send("CLIENT", "KILL", "TYPE", "pubsub")
            await #expect(throws: RedisError.self) {
                for try await _ in allowed {}
            }
            await databases.close()
            await owner.close()
        }
    }

    @Test func `says why it does not begin: nobody there, no answer in time, a cancelled task`() async throws {
        let away = RedisDatabases(RedisConfiguration(unixSocket: "/tmp/nobody-listens-here"))
        let failed = await #expect(throws: RedisError.self) { try await away[.main].subscribe(to: .channels("a")) }
        #expect(failed?.code == .connectFailed && failed?.isSafeToRetry == true)
        await away.close()

        let mute = ScriptedServer.answering { _ in nil }
        defer { mute.stop() }
        let databases = RedisDatabases(testConfiguration(mute.path))
        let late = await #expect(throws: RedisError.self) {
            try await databases[.main].within(.milliseconds(50)).subscribe(to: .channels("a"))
        }
        #expect(late?.code == .timedOut)
        let lateThread = try await Task.detached {
            let main = try databases.blocking(.main).within(.milliseconds(50))
            return #expect(throws: RedisError.self) { try main.subscribe(to: .channels("a")) }
        }.value
        #expect(lateThread?.code == .timedOut)
        let task = Task { try await databases[.main].subscribe(to: .channels("a")) }
        task.cancel()
        let cancelled = await #expect(throws: RedisError.self) { try await task.value }
        #expect(cancelled?.code == .cancelled)
        await databases.close()
    }

    @Test(.enabled(if: TestTier.isWhole))
    func `costs ten thousand subscribers of a process one connection`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let subscriptions = try await withThrowingTaskGroup { group in
                for number in 0..<10_000 {
                    group.addTask {
                        try await main.subscribe(to: .channels("all", "own:\(number)"), as: Int.self)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(try await databases.subscribedConnections() == 1)
            #expect(try await main.publish("all", -1) == 1)
            for start in stride(from: 0, to: 10_000, by: 1_000) {
                _ = try await main.pipeline((start..<start + 1_000).map { .publish("own:\($0)", $0) })
            }
            var own: Set<Int> = []
            for subscription in subscriptions {
                let contents = try await received(2, of: subscription).compactMap(\.message?.content)
                #expect(contents.first == -1)
                own.formUnion(contents.dropFirst())
            }
            #expect(own == Set(0..<10_000))
            for subscription in subscriptions { subscription.unsubscribe() }
            #expect(try await databases.waitForSubscribers(of: "all", 0))
        }
    }

    /// The only request that may wait is a PING when the second channel is asked for.
    @Test func `one more channel is listened to where one request may wait on a connection`() async throws {
        let gate = DispatchSemaphore(value: 0)
        let isAsked = Mutex(false)
        let server = ScriptedServer { peer in
            peer.shakeHands()
            while let command = peer.readCommand() {
                if command[0] == "PING" {
                    if !isAsked.withLock({ isAsked in
                        defer { isAsked = true }
                        return isAsked
                    }) {
                        gate.wait()
                    }
                    peer.write("+PONG\r\n")
                } else {
                    let (word, name) = (command[0].lowercased(), command[1])
                    peer.write(">3\r\n$\(word.utf8.count)\r\n\(word)\r\n$\(name.utf8.count)\r\n\(name)\r\n:1\r\n")
                }
            }
        }
        defer { server.stop() }
        var configuration = testConfiguration(server.path)
        configuration.version = .resp3
        configuration.maximumRequests = 1
        configuration.keepAliveInterval = .seconds(2)
        let databases = RedisDatabases(configuration)
        let main = try databases[.main].within(.seconds(60))
        let first = try await main.subscribe(to: .channels("a"))
        #expect(await eventually { isAsked.withLock(\.self) })
        let second = Task { try await main.subscribe(to: .channels("b")) }
        // It may be asked for by then, and is where the gate opens too soon.
        try await Task.sleep(for: .milliseconds(200))
        gate.signal()
        try await second.value.unsubscribe()
        first.unsubscribe()
        await databases.close()
    }
}

extension RedisDatabases {
    fileprivate func connectionCount() async throws -> Int {
        try await self[.main].send("CLIENT", "LIST", as: String.self).split(separator: "\n").count
    }
}
