import Bulkhead
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

/// One subscription in either form.
private enum Listener<Message: Sendable>: Sendable {
    case asynchronous(RedisSubscription<Message>)
    case blocking(BlockingRedisSubscription<Message>)

    /// So many events, one after the other.
    func events(_ count: Int) async throws -> [RedisSubscriptionEvent<Message>] {
        switch self {
        case .asynchronous(let subscription): try await received(count, of: subscription)
        case .blocking(let subscription):
            try await onThread { try (0..<count).compactMap { _ in try subscription.next() } }
        }
    }

    /// What comes up to the first message: gaps, and it.
    func nextMessage() async throws -> (gaps: Int, message: Message?) {
        var gaps = 0
        while let event = try await events(1).first {
            guard event.gap != nil else { return (gaps, event.message) }
            gaps += 1
        }
        return (gaps, nil)
    }

    func unsubscribe() {
        switch self {
        case .asynchronous(let subscription): subscription.unsubscribe()
        case .blocking(let subscription): subscription.unsubscribe()
        }
    }
}

extension Form {
    fileprivate func listen(
        to channels: RedisChannels, in databases: RedisDatabases
    ) async throws -> Listener<RedisMessage<Int>> {
        switch self {
        case .asynchronous: .asynchronous(try await databases[.main].subscribe(to: channels, as: Int.self))
        case .blocking:
            .blocking(try await onThread { try databases.blocking(.main).subscribe(to: channels, as: Int.self) })
        }
    }

    fileprivate func listenToKeys(in databases: RedisDatabases) async throws -> Listener<RedisKeyEvent> {
        switch self {
        case .asynchronous: .asynchronous(try await databases[.main].keyEvents(.set))
        case .blocking: .blocking(try await onThread { try databases.blocking(.main).keyEvents(.set) })
        }
    }
}

extension RedisTestCluster {
    /// How many connections of a server listen to a shard channel.
    fileprivate func listeners(of channel: String, at server: RedisTestServer) throws -> RESPValue? {
        try ask(server, "PUBSUB SHARDNUMSUB \(channel)").elements?.last
    }

    fileprivate var subscribers: Int {
        get throws {
            try primaries.reduce(0) { sum, server in
                let list = try ask(server, "CLIENT LIST TYPE pubsub").bytes?.text ?? ""
                return sum + list.split(separator: "\n").count
            }
        }
    }
}

/// `{bar}` is in slot 5061, the first primary's.
private let channel = "{bar}:news"

/// Publishes until somebody has it.
private func publish(_ message: Int, toShard channel: String, in databases: RedisDatabases) async throws {
    let isHeard = try await eventually { try await databases[.main].spublish(channel, message) > 0 }
    #expect(isHeard)
}

private let withReplicas: RedisTestCluster.Options = {
    var options = RedisTestCluster.Options()
    options.replicas = 1
    return options
}()

/// Subscriptions of a name that lives in a cluster, on real servers.
@Suite(.serialized, .enabled(if: ServerUnderTest.isAtLeast(redis: 7, 0))) struct ClusterMessageTests {
    @Test(arguments: Form.allCases)
    func `shard channels are heard at the servers of their slots, and left there`(_ form: Form) async throws {
        try await withSharedCluster { databases, cluster async throws in
            let names = (0..<30).map { "channel:\($0)" }
            let listener = try await form.listen(
                to: .shardChannels(names) + .channels("all") + .patterns("al?"), in: databases)
            #expect(try cluster.subscribers == 3, "one connection a server")
            for (number, name) in names.enumerated() {
                #expect(try await databases[.main].spublish(name, number) == 1)
            }
            let messages = try await listener.events(30).compactMap(\.message)
            #expect(Set(messages.map(\.content)) == Set(0..<30))
            #expect(messages.allSatisfy { $0.channel == "channel:\($0.content)" && $0.pattern == nil })
            for server in cluster.primaries {
                guard case .integer(let count)? = try? ask(server, "PUBLISH all 7") else { continue }
                // One connection has both, and only its server counts it.
                #expect(count == 0 || count == 2)
            }
            let plain = try await listener.events(6).compactMap(\.message)
            #expect(plain.map(\.content) == [7, 7, 7, 7, 7, 7])
            #expect(plain.filter { $0.pattern != nil }.count == 3)
            for server in cluster.primaries {
                #expect(try ask(server, "INFO errorstats").bytes?.text?.contains("MOVED") == false)
            }
            listener.unsubscribe()
            let isOver = try await eventually {
                try cluster.primaries.allSatisfy {
                    try ask($0, "PUBSUB SHARDCHANNELS").elements?.isEmpty == true
                        && ask($0, "PUBSUB NUMPAT") == .integer(0)
                }
            }
            #expect(isOver)
        }
    }

    @Test(arguments: Form.allCases, SlotMove.ofServer)
    func `a shard channel follows its slot to another server, with a gap`(_ form: Form, _ way: SlotMove) async throws {
        try await withCluster { databases, cluster async throws in
            let listener = try await form.listen(to: .shardChannels(channel), in: databases)
            #expect(try cluster.listeners(of: channel, at: cluster.primaries[0]) == .integer(1))
            for round in 0..<2 {
                let (source, target) = (cluster.primaries[round * 2], cluster.primaries[2 - round * 2])
                try await publish(2 * round, toShard: channel, in: databases)
                #expect(try await listener.nextMessage().message?.content == 2 * round)
                try cluster.move([5_061], from: source, to: target, way)
                try await publish(2 * round + 1, toShard: channel, in: databases)
                let (gaps, message) = try await listener.nextMessage()
                #expect(gaps >= 1 && message?.content == 2 * round + 1)
                #expect(try cluster.listeners(of: channel, at: target) == .integer(1))
            }
            // Nothing is heard twice.
            listener.unsubscribe()
            if case .asynchronous(let subscription) = listener {
                for try await event in subscription { Issue.record("\(event)") }
            }
        }
    }

    @Test(arguments: Form.allCases)
    func `a subscription goes to the replica that takes a killed primary's place, with a gap`(
        _ form: Form
    ) async throws {
        try await withCluster(withReplicas) { databases, cluster async throws in
            let shard = try await form.listen(to: .shardChannels(channel), in: databases)
            let keys = try await Self.listenToKeys(form, databases, cluster)
            cluster.primaries[0].kill()
            try await publish(1, toShard: channel, in: databases)
            let (gaps, message) = try await shard.nextMessage()
            #expect(gaps >= 1 && message?.content == 1)
            try await Self.checkKeysAreHeardBehindAGap(keys, databases)
        }
    }

    /// A new primary's keys are heard from some moment on, and a gap stands in front of it.
    private static func checkKeysAreHeardBehindAGap(
        _ keys: Listener<RedisKeyEvent>, _ databases: RedisDatabases
    ) async throws {
        let isHeard = try await eventually {
            try await databases[.main].set("{bar}", 1)
            return try await keys.events(1).first?.gap != nil
        }
        #expect(isHeard)
        try await databases[.main].set("{bar}:last", 1)
        var last = try await keys.nextMessage()
        while last.message?.key == "{bar}" { last = try await keys.nextMessage() }
        #expect(last.message?.key == "{bar}:last")
    }

    private static func listenToKeys(
        _ form: Form, _ databases: RedisDatabases, _ cluster: RedisTestCluster
    ) async throws -> Listener<RedisKeyEvent> {
        for server in cluster.servers { try ask(server, "CONFIG SET notify-keyspace-events EA") }
        return try await form.listenToKeys(in: databases)
    }

    @Test func `a failover that an operator asks for moves shard channels and key events too`() async throws {
        try await withCluster(withReplicas) { databases, cluster async throws in
            let shard = try await Form.asynchronous.listen(to: .shardChannels(channel), in: databases)
            let keys = try await Self.listenToKeys(.asynchronous, databases, cluster)
            try ask(cluster.replicas[0], "CLUSTER FAILOVER")
            let isOver = try await eventually {
                try ask(cluster.replicas[0], "ROLE").elements?.first?.bytes?.text == "master"
            }
            #expect(isOver)
            let isThere = try await eventually {
                try cluster.listeners(of: channel, at: cluster.replicas[0]) == .integer(1)
            }
            #expect(isThere)
            try await publish(1, toShard: channel, in: databases)
            let (gaps, message) = try await shard.nextMessage()
            #expect(gaps >= 1 && message?.content == 1)
            try await Self.checkKeysAreHeardBehindAGap(keys, databases)
        }
    }

    @Test(arguments: Form.allCases)
    func `key events come from every primary, once each`(_ form: Form) async throws {
        try await withCluster { databases, cluster async throws in
            let error = await #expect(throws: RedisError.self) { _ = try await form.listenToKeys(in: databases) }
            #expect(error?.code == .keyEventsOff)
            // One server that is silent is enough to be refused.
            for server in cluster.primaries.dropLast() { try ask(server, "CONFIG SET notify-keyspace-events EA") }
            let second = await #expect(throws: RedisError.self) { _ = try await form.listenToKeys(in: databases) }
            #expect(second?.code == .keyEventsOff)
            let listener = try await Self.listenToKeys(form, databases, cluster)
            for number in 0..<60 { try await databases[.main].set("key:\(number)", number) }
            let keys = try await listener.events(60).compactMap(\.message?.key)
            #expect(Set(keys) == Set((0..<60).map { "key:\($0)" }) && keys.count == 60)
            listener.unsubscribe()
        }
    }

    @Test(.enabled(if: ServerUnderTest.isAtLeast(valkey: 9, 0)))
    func `key events are of the keys of one name, though another has the same keys in the cluster`() async throws {
        var options = RedisTestCluster.Options()
        options.databases = 16
        try await withCluster(options, number: 5) { databases, cluster async throws in
            let listener = try await Self.listenToKeys(.asynchronous, databases, cluster)
            for server in cluster.primaries {
                // Where the slot is another server's nothing is set.
                _ = try ask(server, "SET {bar} 0")
            }
            for number in 0..<9 { try await databases[.main].set("key:\(number)", number) }
            let keys = try await listener.events(9).compactMap(\.message?.key)
            #expect(Set(keys) == Set((0..<9).map { "key:\($0)" }))
        }
    }

    @Test func `channels move to another server when theirs is killed, over one connection for all`() async throws {
        try await withCluster(withReplicas) { databases, cluster async throws in
            let first = try await Form.asynchronous.listen(to: .channels("news"), in: databases)
            let second = try await Form.asynchronous.listen(to: .patterns("n*"), in: databases)
            #expect(try cluster.subscribers == 1)
            let home = try #require(
                try cluster.primaries.first {
                    try ask($0, "CLIENT LIST TYPE pubsub").bytes?.text?.isEmpty == false
                })
            home.kill()
            let others = cluster.primaries.filter { $0 !== home }
            let isHeard = try await eventually {
                try others.contains { try ask($0, "PUBSUB NUMSUB news").elements?.last == .integer(1) }
                    && others.contains { try ask($0, "PUBSUB NUMPAT") == .integer(1) }
            }
            #expect(isHeard)
            for server in others { try ask(server, "PUBLISH news 1") }
            for listener in [first, second] {
                let (gaps, message) = try await listener.nextMessage()
                #expect(gaps >= 1 && message?.content == 1)
            }
        }
    }

    @Test(arguments: Form.allCases)
    func `a channel that the login may not hear is refused, and nothing is left of the others`(
        _ form: Form
    ) async throws {
        try await withCluster { databases, cluster async throws in
            for server in cluster.primaries { try ask(server, "ACL SETUSER default resetchannels &channel:*") }
            let names = (0..<9).map { "channel:\($0)" }
            let error = await #expect(throws: RedisError.self) {
                _ = try await form.listen(to: .shardChannels(names + ["other"]), in: databases)
            }
            #expect(error?.code == .noPermission && error?.database == .main)
            let isEmpty = try await eventually {
                try cluster.primaries.allSatisfy { try ask($0, "PUBSUB SHARDCHANNELS").elements?.isEmpty == true }
            }
            #expect(isEmpty)
        }
    }

    @Test func `where no server answers, a subscription fails with why`() async throws {
        let gone = try RedisTestServer.start(RedisTestServer.Options(listening: .tcp))
        gone.stop()
        let place = try DatabaseServer(cluster: ["127.0.0.1:\(gone.port ?? 0)"])
        let databases = RedisDatabases(
            testGroupConfiguration(),
            catalogue: try DatabaseCatalogue([DatabaseEntry(.main, number: 0, server: place)]))
        for form in Form.allCases {
            let error = await #expect(throws: RedisError.self) {
                _ = try await form.listen(to: .shardChannels("a"), in: databases)
            }
            #expect(error?.code == .connectFailed, "\(String(describing: error))")
        }
        await databases.close()
    }

    @Test func `a task that is cancelled leaves, and the end of the databases ends a loop`() async throws {
        try await withSharedCluster { databases, cluster async throws in
            let loop = Task {
                for try await event in try await databases[.main].subscribe(to: .shardChannels(channel)) {
                    Issue.record("\(event)")
                }
            }
            let isThere = try await eventually {
                try cluster.listeners(of: channel, at: cluster.primaries[0]) == .integer(1)
            }
            #expect(isThere)
            loop.cancel()
            try await loop.value
            let isOver = try await eventually {
                try cluster.listeners(of: channel, at: cluster.primaries[0]) == .integer(0)
            }
            #expect(isOver)
            let subscription = try await databases[.main].subscribe(to: .shardChannels(channel))
            await databases.close()
            for try await event in subscription { Issue.record("\(event)") }
            #expect(await eventually { (try? cluster.subscribers) == 0 })
        }
    }
}
