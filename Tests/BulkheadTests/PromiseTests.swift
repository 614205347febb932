import Bulkhead
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Synchronization
import Testing

/// What other clients were seen to break, where no other suite asks for it. Promises.md lists all of it.
@Suite(.timeLimit(.minutes(10))) struct `A promise that others broke` {
    @Test func `a connection that takes another's place serves its own database from its first command on`()
        async throws
    {
        try await withDatabases { databases, server in
            let probe = RedisDatabases(testConfiguration(server))
            let names = databases.catalogue.entries.map(\.name)
            await withTaskGroup { group in
                for name in names {
                    group.addTask {
                        for number in 0..<200 {
                            // Refused where a connection was killed while it was made.
                            while (try? await databases[name].set("\(name):\(number)", 1)) == nil {
                                try? await Task.sleep(for: .milliseconds(1))
                            }
                        }
                    }
                    group.addTask {
                        for number in 0..<20 {
                            _ = try? await databases[name].send("BLMOVE", "none", "none", "LEFT", "LEFT", "0.01")
                            _ = try? await databases[name].withConnection {
                                try await $0.rpush("\(name):list", "\(number)")
                            }
                        }
                    }
                }
                group.addTask {
                    for _ in 0..<50 {
                        _ = try? probe.blocking(.main).send("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                        try? await Task.sleep(for: .milliseconds(2))
                    }
                }
            }
            for name in names {
                let keys = try await probe[name].send("KEYS", "*", as: [String].self)
                let own = keys.filter { $0.hasPrefix("\(name):") }
                #expect(own.count >= 200, "acknowledged keys are missing in \(name)")
                #expect(own.count == keys.count, "foreign keys in \(name)")
            }
            await probe.close()
        }
    }

    @Test func `a script that selects, and a refused SELECT in a transaction, leave the connection where it was`()
        async throws
    {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let script = "redis.call('SELECT', 3) return redis.call('SET', 'by-script', 1)"
            _ = try? await main.send("EVAL", script, 0)
            try await main.set("after", 1)
            try await main.withConnection { connection in
                _ = try? await connection.send("EVAL", script, 0)
                try await connection.send("MULTI")
                for words in [["SELECT", "3"], ["RESET"]] {
                    let command = RedisCommand<RESPValue>.raw(words[0], Array(words.dropFirst()))
                    await #expect(throws: RedisError.self) { try await connection.run(command) }
                }
                try await connection.send("SET", "in-transaction", 1)
                try await connection.send("EXEC")
                try await connection.set("on-lease", 1)
            }
            let keys: [RESPBytes] = ["after", "in-transaction", "on-lease"]
            for (name, count) in [(DatabaseName.main, 3), (.analytics, 0)] {
                let found = try await databases[name].send("EXISTS", keys, as: Int.self)
                #expect(found == count, "in \(name)")
            }
        }
    }

    /// Everybody has a secret under their own name, half of them leave while the reply is on its way, and the others
    /// must not get to see what was meant for them.
    @Test func `who cancels behind a slow connection leaves nobody else their data, nor a broken connection`()
        async throws
    {
        try await withServer { server in
            let probe = RedisDatabases(testConfiguration(server))
            for user in 0..<50 { try await probe[.main].set("user:\(user)", "secret of \(user)") }
            let proxy = FaultProxy(to: server.socketPath)
            defer { proxy.stop() }
            let databases = RedisDatabases(testConfiguration(proxy))
            let main = try databases[.main]
            let id = try await main.send("CLIENT", "ID", as: Int.self)
            // Far longer than it takes to see that a task was cancelled.
            proxy[.toClient] = [.latency(.milliseconds(40))]
            let (wrong, cancelled) = await withTaskGroup(of: (wrong: Int, cancelled: Int).self) { group in
                for user in 0..<50 {
                    group.addTask {
                        var (wrong, cancelled) = (0, 0)
                        for round in 0..<20 {
                            let task = Task { try await main.get("user:\(user)") }
                            if (user + round).isMultiple(of: 2) {
                                try? await Task.sleep(for: .milliseconds(round * 2))
                                task.cancel()
                            }
                            switch await task.result {
                            case .success(let value): if value != "secret of \(user)" { wrong += 1 }
                            case .failure: cancelled += 1
                            }
                        }
                        return (wrong, cancelled)
                    }
                }
                return await group.reduce((0, 0)) { ($0.0 + $1.wrong, $0.1 + $1.cancelled) }
            }
            #expect(wrong == 0)
            #expect(cancelled > 0 && cancelled <= 500, "none but those who cancelled failed")
            #expect(try await main.send("CLIENT", "ID", as: Int.self) == id)
            await databases.close()
            await probe.close()
        }
    }

    @Test func `pools that were exhausted while their server was away lend again when it is back`() async throws {
        try await withDatabases(configure: {
            $0.maximumLeases = 2
            $0.maximumWaiters = 4
            // Longer than any stall of a busy machine, when the server is back.
            $0.leaseTimeout = .seconds(30)
        }) { databases, server in
            let main = try databases[.main]
            let blocking = try databases.blocking(.main)
            try await main.withConnection { _ = try await $0.ping() }
            server.kill()
            let failures = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<200 {
                    group.addTask { (try? await main.withConnection { try await $0.ping() }) == nil }
                    group.addTask { (try? await main.send("BLPOP", "none", "1")) == nil }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(failures == 400)
            for _ in 0..<20 { #expect(throws: RedisError.self) { try blocking.ping() } }
            try server.restart()
            #expect(await eventually { (try? await main.ping()) != nil })
            for _ in 0..<20 {
                #expect(try await main.withConnection { try await $0.ping() } == "PONG")
                #expect(try blocking.ping() == "PONG")
            }
        }
    }

    @Test func `a subscription holds up no command, only the next lease where there is one`() async throws {
        try await withDatabases(configure: { $0.maximumLeases = 1 }) { databases, _ in
            let main = try databases[.main]
            try await main.withConnection { connection in
                try await connection.send("SUBSCRIBE", "news")
                for number in 0..<100 {
                    try await main.set("\(number)", number)
                    _ = try await main.hgetall("none", as: String.self)
                    #expect(try databases.blocking(.main).get("\(number)") == "\(number)")
                }
                let error = await #expect(throws: RedisError.self) {
                    try await main.within(.milliseconds(50)).withConnection { _ in }
                }
                #expect(error?.code == .timedOut)
            }
            #expect(try await main.withConnection { try await $0.ping() } == "PONG")
        }
    }

    /// FLUSHALL and FLUSHDB push null where keys would stand, and a tracker whose listener is gone learns of that by a
    /// push of another kind.
    @Test func `a push without keys or of an unknown kind reaches its reader, and the connection goes on`()
        async throws
    {
        try await withDatabases(version: .resp3) { databases, _ in
            let main = try databases[.main]
            try await main.withConnection { connection in
                try await connection.send("CLIENT", "TRACKING", "ON")
                _ = try await connection.get("key")
                try await main.flushdb(.synchronous)
                #expect(try await connection.ping() == "PONG")
                var pushes = connection.pushes.makeAsyncIterator()
                #expect(try await pushes.next() == .push([.bulkString("invalidate"), .null]))

                let listener = try await main.withConnection { listener in
                    let id = try await listener.send("CLIENT", "ID", as: Int64.self)
                    try await connection.send("CLIENT", "TRACKING", "OFF")
                    try await connection.send("CLIENT", "TRACKING", "ON", "REDIRECT", id)
                    // So that the connection is not lent again.
                    try await listener.send("SUBSCRIBE", "__redis__:invalidate")
                    return id
                }
                // The listener's connection ends a moment after its lease.
                let writing = Task {
                    while !Task.isCancelled {
                        _ = try await connection.get("key")
                        try await main.set("key", 1)
                        try await Task.sleep(for: .milliseconds(2))
                    }
                }
                #expect(try await pushes.next() == .push([.bulkString("tracking-redir-broken"), .integer(listener)]))
                writing.cancel()
                _ = await writing.result
                #expect(try await connection.get("key") == "1")
            }
        }
    }

    @Test func `an attribute in front of a reply shifts no other reply`() async throws {
        try await withDatabases(version: .resp3, arguments: ServerUnderTest.debugArguments) { databases, _ in
            let main = try databases[.main]
            let batch: [RedisCommand<RESPValue>] = [
                .raw("ECHO", ["before"]), .raw("DEBUG", ["PROTOCOL", "ATTRIB"]), .raw("ECHO", ["after"]),
            ]
            let replies = try await main.pipeline(batch).map { try $0.get() }
            #expect(replies[0] == .bulkString("before") && replies[2] == .bulkString("after"))
            #expect(replies[1].withoutAttributes == .bulkString("Some real reply following the attribute"))
            let text = try databases.blocking(.main).send("DEBUG", "PROTOCOL", "ATTRIB", as: String.self)
            #expect(text == "Some real reply following the attribute")
            #expect(try databases.blocking(.main).send("ECHO", "next", as: String.self) == "next")
        }
    }

    @Test func `a host that has no address yet fails its commands, and not the start of the program`() async throws {
        let databases = RedisDatabases(RedisConfiguration(host: "no-such-host.invalid"))
        for _ in 0..<2 {
            let error = await #expect(throws: RedisError.self) { try await databases[.main].get("key") }
            #expect(error?.code == .nameNotResolved && error?.isSafeToRetry == true)
            #expect(error?.message.contains("no-such-host.invalid") == true)
        }
        await databases.close()
    }

    @Test func `a blocking pop without a timeout of its own outlives the limit of other commands`() async throws {
        try await withDatabases(configure: { $0.commandTimeout = .milliseconds(300) }) { databases, server in
            let main = try databases[.main]
            let pop = Task { try await main.send("BLPOP", "queue", "0") }
            try await Task.sleep(for: .milliseconds(600))
            let probe = RedisDatabases(testConfiguration(server))
            try await probe[.main].rpush("queue", "job")
            #expect(try await pop.value == .array([.bulkString("queue"), .bulkString("job")]))
            await probe.close()
        }
    }
}
