import Bulkhead
import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Synchronization
import Testing

/// Databases of a cluster, and the end of both.
func withCluster(
    _ options: RedisTestCluster.Options = RedisTestCluster.Options(), number: Int = 0, version: RESPVersion? = nil,
    _ body: (RedisDatabases, RedisTestCluster) async throws -> Void
) async throws {
    // Servers with arguments of their own are for one test.
    let isUsual = options.server.arguments.isEmpty
    try await (isUsual ? RedisTestCluster.withSpare : RedisTestCluster.withCluster)(options) { cluster in
        try await withDatabases(of: cluster, number: number, version: version, body)
    }
}

/// The same for a body that leaves the cluster as it found it, but for keys and statistics: no slot is moved, no
/// setting changed, no server stopped. The next such body gets the same cluster, because a start takes two seconds:
/// so long a new cluster refuses writes.
func withSharedCluster(
    number: Int = 0, version: RESPVersion? = nil, _ body: (RedisDatabases, RedisTestCluster) async throws -> Void
) async throws {
    try await withCluster(from: idleCluster, RedisTestCluster.Options()) { cluster async throws in
        try await withDatabases(of: cluster, number: number, version: version, body)
    }
}

/// A cluster with more databases than there are standard names, which Valkey 9 has. One without arguments is used again
/// by the next such body.
func withNumberedCluster(arguments: [String], _ body: (RedisTestCluster) async throws -> Void) async throws {
    var options = RedisTestCluster.Options()
    options.databases = 32
    options.server.arguments = arguments
    if arguments.isEmpty {
        try await withCluster(from: idleNumberedCluster, options, body)
    } else {
        try await RedisTestCluster.withCluster(options, body)
    }
}

private func withCluster(
    from idle: borrowing Mutex<RedisTestCluster?>, _ options: RedisTestCluster.Options,
    _ body: (RedisTestCluster) async throws -> Void
) async throws {
    let kept = idle.withLock { cluster in
        defer { cluster = nil }
        return cluster
    }
    let cluster = try kept ?? RedisTestCluster.start(options)
    do {
        try await body(cluster)
        for server in cluster.primaries {
            let libraries = ServerUnderTest.isAtLeast(redis: 7, 0) ? ["FUNCTION FLUSH"] : []
            for line in ["FLUSHALL", "SCRIPT FLUSH", "CONFIG RESETSTAT"] + libraries { try ask(server, line) }
        }
    } catch {
        cluster.stop()
        throw error
    }
    let other = idle.withLock { place in
        defer { place = cluster }
        return place
    }
    other?.stop()
}

/// Their servers end with this process.
private let idleCluster = Mutex<RedisTestCluster?>(nil)
private let idleNumberedCluster = Mutex<RedisTestCluster?>(nil)

/// Databases of a cluster that is there, and their end.
func withDatabases(
    of cluster: RedisTestCluster, number: Int = 0, version: RESPVersion? = nil,
    _ body: (RedisDatabases, RedisTestCluster) async throws -> Void
) async throws {
    let place = try DatabaseServer(cluster: Array(cluster.addresses.suffix(2)))
    let catalogue = try DatabaseCatalogue([
        DatabaseEntry(.main, number: number, mayBeFlushed: true, server: place)
    ])
    var configuration = testGroupConfiguration()
    if let version { configuration.version = version }
    try await withDatabases(configuration, of: catalogue) { databases in try await body(databases, cluster) }
}

/// A cluster with replicas in which the name is one of several, where the server has that.
func withReplicatedCluster(
    replicas: Int, nodeTimeout: Duration, _ body: (RedisTestCluster, _ number: Int) async throws -> Void
) async throws {
    var options = RedisTestCluster.Options()
    options.replicas = replicas
    options.nodeTimeout = nodeTimeout
    let number = ServerUnderTest.isAtLeast(valkey: 9, 0) ? 5 : 0
    if number > 0 { options.databases = 16 }
    try await RedisTestCluster.withSpare(options) { cluster in try await body(cluster, number) }
}

/// What a server says to one line, whatever it is.
@discardableResult
func ask(_ server: RedisTestServer, _ line: String) throws -> RESPValue {
    let connection = try BlockingConnection(ConnectionSettings(endpoint: .unix(path: server.socketPath), database: 0))
    var encoder = RESPEncoder()
    let words = line.split(separator: " ")
    encoder.command(argumentCount: words.count)
    for word in words { encoder.argument(String(word)) }
    return try connection.send(encoder.bytes)
}

extension Form {
    fileprivate func answer<Reply: Sendable>(
        to command: RedisCommand<Reply>, in databases: RedisDatabases
    ) async throws -> Reply {
        try await run(command, in: databases).get()
    }
}

/// A name that lives in a cluster, seen on real servers.
@Suite(.serialized) struct ClusterTests {
    @Test func `every key is written to the server of its slot, and read there`() async throws {
        try await withSharedCluster { databases, cluster async throws in
            let main = try databases[.main]
            for index in 0..<300 { try await main.set("key:\(index)", index) }
            for index in 0..<300 { #expect(try await main.get("key:\(index)", as: Int.self) == index) }
            var counts: [Int64] = []
            for server in cluster.primaries {
                guard case .integer(let count) = try ask(server, "DBSIZE") else { continue }
                counts.append(count)
            }
            #expect(counts.reduce(0, +) == 300)
            #expect(counts.allSatisfy { $0 > 50 }, "\(counts)")
            // No call was redirected: the map was read before the first of them.
            for server in cluster.primaries {
                let info = try ask(server, "INFO errorstats").bytes?.text ?? ""
                #expect(!info.contains("errorstat_MOVED"))
            }
        }
    }

    @Test func `a key's slot is the one that the server says`() throws {
        var options = RedisTestCluster.Options()
        options.primaries = 1
        let cluster = try RedisTestCluster.start(options)
        defer { cluster.stop() }
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let key = String((0..<Int.random(in: 1...12)).map { _ in "ab{}é-7".randomElement(using: &random) ?? "a" })
            let slot = Int64(HashSlot(ofKey: Array(key.utf8)).number)
            #expect(try ask(cluster.primaries[0], "CLUSTER KEYSLOT \(key)") == .integer(slot), "\(key)")
        }
    }

    @Test(arguments: Form.allCases)
    func `commands over many slots are taken apart, and their replies made one`(_ form: Form) async throws {
        try await withSharedCluster { databases, _ async throws in
            let keys = (0..<20).map { "key:\($0)" }
            #expect(await form.run(.mset(pairs: keys.map { ($0, $0 + "!") }), in: databases).isSuccess)
            #expect(try await form.answer(to: .mget(keys + ["none"]), in: databases) == keys.map { $0 + "!" } + [nil])
            #expect(try await form.answer(to: .exists(keys), in: databases) == 20)
            #expect(try await form.answer(to: .dbsize(), in: databases) == 20)
            #expect(try await form.answer(to: .del(Array(keys[..<5])), in: databases) == 5)
            #expect(try await form.answer(to: .unlink(keys), in: databases) == 15)
            #expect(try await form.answer(to: .dbsize(), in: databases) == 0)
        }
    }

    @Test(arguments: Form.allCases)
    func `a pipeline goes to all servers, and its replies come in their order`(_ form: Form) async throws {
        try await withSharedCluster { databases, _ async throws in
            let values = (0..<200).map { "\($0)" }
            switch form {
            case .asynchronous:
                let main = try databases[.main]
                _ = try await main.pipeline(values.map { RedisCommand<Bool>.set("key:\($0)", $0) })
                #expect(try await main.pipeline(values.map { .get("key:\($0)") }).map { try $0.get() } == values)
                let (text, count) = try await main.pipeline(.get("key:7"), .incr("counter"))
                #expect(text == "7" && count == 1)
            case .blocking:
                let read = try await Task { () throws -> [String?] in
                    let main = try databases.blocking(.main)
                    _ = try main.pipeline(values.map { RedisCommand<Bool>.set("key:\($0)", $0) })
                    return try main.pipeline(values.map { .get("key:\($0)") }).map { try $0.get() }
                }.value
                #expect(read == values)
            }
        }
    }

    @Test(arguments: Form.allCases)
    func `keys of several slots in one command are refused before anything is sent`(_ form: Form) async throws {
        try await withSharedCluster { databases, cluster async throws in
            let error = await form.run(.sunion(["a", "b"]), in: databases).failure
            #expect(error?.code == .crossSlot && error?.stage == .refused, "\(String(describing: error))")
            #expect(error?.message.contains("same tag") == true)
            #expect(try await form.answer(to: .sunion(["{x}a", "{x}b"]), in: databases) == [])
            for server in cluster.primaries {
                let info = try ask(server, "INFO errorstats").bytes?.text ?? ""
                #expect(!info.contains("CROSSSLOT"))
            }
        }
    }

    @Test(arguments: Form.allCases)
    func `a command that blocks waits at the server of its key`(_ form: Form) async throws {
        try await withSharedCluster { databases, _ async throws in
            let main = try databases[.main]
            for index in 0..<6 {
                async let popped = form.run(.blpop(["queue:\(index)"], timeout: .seconds(60)), in: databases)
                try await main.rpush("queue:\(index)", "\(index)")
                #expect(try await popped.get()?.value == "\(index)")
            }
        }
    }

    @Test func `a transaction runs at the server of its keys, which have one slot`() async throws {
        try await withSharedCluster { databases, _ in
            let main = try databases[.main]
            for index in 0..<6 {
                let (count, isSet) = try await main.transaction(
                    .incr("{\(index)}:counter"), .set("{\(index)}:text", "a"))
                #expect(count == 1 && isSet)
            }
            let error = await #expect(throws: RedisError.self) {
                _ = try await main.transaction(.incr("a"), .incr("b"))
            }
            #expect(error?.code == .crossSlot && error?.stage == .refused)
        }
    }

    @Test func `a consumer whose dead letters would live in another slot is refused before it reads`() async throws {
        try await withSharedCluster { databases, cluster async throws in
            var consumer = RedisStreamConsumer(stream: "orders", group: "billing", name: "a")
            consumer.deadLetters = RedisDeadLetters(after: 1, to: "orders:dead")
            let main = try databases[.main]
            let error = await #expect(throws: RedisError.self) {
                try await main.consume(consumer) { _ in }
            }
            #expect(error?.code == .crossSlot && error?.stage == .refused && error?.database == .main)
            let blocking = try databases.blocking(.main)
            let same = #expect(throws: RedisError.self) {
                try blocking.consume(consumer, while: { true }, handle: { _ in })
            }
            #expect(same?.code == .crossSlot)
            for server in cluster.primaries { #expect(try server.calls(of: "xreadgroup") == 0) }
            // With one tag for both the entry is moved.
            consumer.deadLetters = RedisDeadLetters(after: 1, to: "{orders}:dead")
            try await main.xadd("orders", ["n": "1"])
            consumer.idleLimit = .milliseconds(20)
            let options = consumer
            let work = Task { try await main.consume(options) { _ in throw CancellationError() } }
            #expect(try await eventually { try await main.xlen("{orders}:dead") == 1 })
            work.cancel()
            #expect(try await work.value[.deadLettered] == 1)
        }
    }

    @Test func `a script runs at the server of its keys, and is loaded where that does not know it`() async throws {
        try await withSharedCluster { databases, _ in
            let main = try databases[.main]
            let count = RedisScript<Int>("return redis.call('INCRBY', KEYS[1], ARGV[1])")
            for index in 0..<6 {
                #expect(try await main.run(count, keys: ["key:\(index)"], arguments: [2]) == 2)
                #expect(try await main.get("key:\(index)") == "2")
            }
        }
    }

    @Test func `messages that are published at any server come to a subscriber`() async throws {
        try await withSharedCluster { databases, cluster in
            let subscription = try await databases[.main].subscribe(to: .channels("news"))
            for (index, server) in cluster.primaries.enumerated() { try ask(server, "PUBLISH news \(index)") }
            var received: Set<String> = []
            for try await case .message(let message) in subscription {
                received.insert(message.content)
                if received.count == cluster.primaries.count { break }
            }
            #expect(received == ["0", "1", "2"])
        }
    }

    @Test(arguments: Form.allCases)
    func `a scan goes over all servers, and brings every key once`(_ form: Form) async throws {
        try await withSharedCluster { databases, _ in
            let main = try databases[.main]
            let keys = (0..<500).map { "key:\($0)" }
            _ = try await main.pipeline(keys.map { RedisCommand<Bool>.set($0, 1) })
            var seen: [String] = []
            switch form {
            case .asynchronous: for try await key in main.scan(match: "key:*") { seen.append(key) }
            case .blocking:
                seen = try await Task { () throws -> [String] in
                    var seen: [String] = []
                    var scan = try databases.blocking(.main).scan(match: "key:*")
                    while let key = try scan.next() { seen.append(key) }
                    return seen
                }.value
            }
            #expect(seen.count == 500 && Set(seen) == Set(keys))
        }
    }

    @Test func `a flush removes the keys of all servers`() async throws {
        try await withSharedCluster { databases, cluster async throws in
            let main = try databases[.main]
            for index in 0..<100 { try await main.set("key:\(index)", index) }
            try await main.flushdb()
            for server in cluster.primaries { #expect(try ask(server, "DBSIZE") == .integer(0)) }
        }
    }

    @Test(arguments: Form.allCases)
    func `slots move under load, and no caller sees a redirection or loses a key`(_ form: Form) async throws {
        try await withCluster { databases, cluster async throws in
            let slot = 5_061  // of {bar}
            let main = try databases[.main]
            for index in 0..<50 { try await main.set("{bar}:\(index)", index) }
            let (source, target) = (cluster.primaries[0], cluster.primaries[2])
            let ids = try [source, target].map { try ask($0, "CLUSTER MYID").bytes?.text ?? "" }
            let isOver = Mutex(false)
            async let writing = { () async throws -> Int in
                var count = 0
                while !isOver.withLock({ $0 }) {
                    count += 1
                    #expect(try await form.answer(to: .incr("{bar}:counter"), in: databases) == Int64(count))
                    let index = count % 50
                    #expect(try await form.answer(to: .get("{bar}:\(index)", as: Int.self), in: databases) == index)
                }
                return count
            }()
            try ask(target, "CLUSTER SETSLOT \(slot) IMPORTING \(ids[0])")
            try ask(source, "CLUSTER SETSLOT \(slot) MIGRATING \(ids[1])")
            while case .array(let keys) = try ask(source, "CLUSTER GETKEYSINSLOT \(slot) 1"),
                let key = keys.first?.bytes
            {
                let answer = try ask(source, "MIGRATE 127.0.0.1 \(target.port ?? 0) \(key.text ?? "") 0 10000")
                #expect(answer.errorMessage == nil)
            }
            for server in [target, source, cluster.primaries[1]] {
                try ask(server, "CLUSTER SETSLOT \(slot) NODE \(ids[1])")
            }
            // Some more behind the move.
            try await Task.sleep(for: .milliseconds(50))
            isOver.withLock { $0 = true }
            let count = try await writing
            #expect(count > 0)
            #expect(try await main.get("{bar}:counter", as: Int.self) == count)
            for index in 0..<50 { #expect(try await main.get("{bar}:\(index)", as: Int.self) == index) }
            let asked = try ask(source, "INFO errorstats").bytes?.text ?? ""
            if ServerUnderTest.isAtLeast(redis: 7, 0) { #expect(asked.contains("errorstat_ASK")) }
        }
    }

    @Test(arguments: Form.allCases)
    func `a killed primary's replica takes its place within the call's time`(_ form: Form) async throws {
        var options = RedisTestCluster.Options()
        options.replicas = 1
        try await withCluster(options) { databases, cluster async throws in
            let main = try databases[.main]
            for index in 0..<50 { try await main.set("key:\(index)", index) }
            // What only reads is sent again by itself; a replica may lack the last writes.
            for index in cluster.primaries.indices {
                let offset = { (server: RedisTestServer) in
                    try ask(server, "INFO replication").bytes?.text?.split(whereSeparator: \.isNewline)
                        .first { $0.hasPrefix("master_repl_offset") }
                }
                while try offset(cluster.primaries[index]) != offset(cluster.replicas[index]) {
                    try await Task.sleep(for: .milliseconds(5))
                }
            }
            cluster.primaries[1].kill()
            for index in 0..<50 {
                #expect(try await form.answer(to: .get("key:\(index)", as: Int.self), in: databases) == index)
            }
        }
    }

    @Test(arguments: Form.allCases)
    func `a primary that hangs holds up only the calls that were sent to it`(_ form: Form) async throws {
        var options = RedisTestCluster.Options()
        options.replicas = 1
        try await withCluster(options) { databases, cluster in
            #expect(try await form.answer(to: .set("{bar}", "value"), in: databases))
            let (primary, replica) = (cluster.primaries[0], cluster.replicas[0])
            while try ask(replica, "DBSIZE") != .integer(1) { try await Task.sleep(for: .milliseconds(5)) }
            #expect(try ask(primary, "DBSIZE") == .integer(1))
            try primary.pause()
            // Which call is answered depends on the cluster; that one is does not.
            var value: String?
            for _ in 0..<600 where value == nil {
                value = try? await form.run(.get("{bar}"), in: databases, within: .milliseconds(200)).get()
            }
            #expect(value == "value")
            primary.resume()
        }
    }

    @Test(.enabled(if: ServerUnderTest.isAtLeast(valkey: 9, 0)))
    func `names with numbers live in one cluster where that has databases`() async throws {
        var options = RedisTestCluster.Options()
        options.databases = 16
        try await RedisTestCluster.withSpare(options) { cluster in
            let place = try DatabaseServer(cluster: cluster.addresses)
            let entries = DatabaseCatalogue.standard.entries.map {
                DatabaseEntry($0.name, number: $0.number, mayBeFlushed: true, server: place)
            }
            let databases = RedisDatabases(testGroupConfiguration(), catalogue: try DatabaseCatalogue(entries))
            for entry in entries {
                let database = try databases[entry.name]
                for index in 0..<20 { try await database.set("key:\(index)", "\(entry.name):\(index)") }
            }
            for entry in entries {
                let database = try databases[entry.name]
                #expect(try await database.dbsize() == 20)
                #expect(try await database.get("key:7") == "\(entry.name):7")
            }
            try await databases[.knowledge].flushdb()
            #expect(try await databases[.knowledge].dbsize() == 0)
            #expect(try await databases[.main].dbsize() == 20)
            await databases.close()
        }
    }

    @Test(.enabled(if: !ServerUnderTest.isAtLeast(valkey: 9, 0)), arguments: Form.allCases)
    func `a name with another number than 0 is refused by name where the cluster has one database`(_ form: Form)
        async throws
    {
        try await withSharedCluster(number: 1) { databases, cluster async throws in
            let error = await form.run(.set("key", "value"), in: databases).failure
            #expect(error?.code == .databaseOutOfRange && error?.database == .main, "\(String(describing: error))")
            #expect(error?.message.contains("number 0") == true)
            for server in cluster.primaries { #expect(try ask(server, "DBSIZE") == .integer(0)) }
        }
    }

    @Test func `where no server of a cluster answers the error says so`() async throws {
        let place = try DatabaseServer(cluster: ["127.0.0.1:1", "127.0.0.1:2"])
        var configuration = testGroupConfiguration()
        configuration.commandTimeout = .milliseconds(300)
        let databases = RedisDatabases(
            configuration, catalogue: try DatabaseCatalogue([DatabaseEntry(.main, number: 0, server: place)]))
        let error = await Form.asynchronous.run(.get("key"), in: databases).failure
        #expect(error?.code == .connectFailed, "\(String(describing: error))")
        await databases.close()
    }
}
