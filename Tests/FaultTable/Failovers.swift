import Bulkhead
import BulkheadBenchmarkSupport
import BulkheadTestServer
import Synchronization

/// Failovers that a sentinel is told to make, and how soon writes follow its word.
enum Failovers {
    private static let report = Mutex<[String]>([])
    /// What was found besides the row of the table.
    static var lines: [String] { report.withLock { $0 } }

    @Sendable static func run(_ settings: Settings) async throws -> Cost {
        var options = Group.options
        // No failover is to come but those that are ordered.
        options.downAfter = .seconds(5)
        options.sentinels = 4
        options.sentinelPassword = "of-the-sentinel"
        options.protectedSentinels = [1]
        return try await RedisTestSentinelGroup.withGroup(options) { group in
            let stale = try StaleSentinel(of: group)
            defer { stale.end() }
            // The client meets the one first that is always behind.
            let sentinels = [stale.address] + group.sentinelAddresses
            return try await Group.measure(group, sentinels: sentinels) { writers in
                // Its connection to the client lives, and says nothing any more.
                try group.sentinels[3].pause()
                try await failOver(settings, writers, group, stale, sentinels)
            }
        }
    }

    private static func failOver(
        _ settings: Settings, _ writers: Writers, _ group: RedisTestSentinelGroup, _ stale: StaleSentinel,
        _ sentinels: [String]
    ) async throws {
        var (followed, late, strangers): ([Int64], [Int64], [Int64]) = ([], [], [])
        var misled = 0
        let listeners = try group.sentinels.indices.map { index in
            try SentinelListener(group.sentinels[index], password: index == 1 ? group.options.sentinelPassword : nil)
        }
        defer { for listener in listeners { listener.end() } }
        let admins = Dictionary(
            uniqueKeysWithValues: try group.servers.map { server in
                let configuration = RedisConfiguration(unixSocket: server.socketPath).patient
                return (server.port ?? 0, try RedisDatabases(configuration).blocking(.main))
            })
        for _ in 0..<settings.failovers {
            for listener in listeners { listener.forget() }
            let before = writers.ledger.acknowledged
            let from = group.primary()?.port ?? 0
            let new = try group.failOver()
            let to = new.port ?? 0
            func account() -> String {
                let named = group.sentinels.indices.map { group.primary(by: $0)?.port ?? 0 }
                return "from \(from) to \(to), the last write ran at \(writers.ledger.latest?.port ?? 0), and the "
                    + "sentinels name \(named)"
            }
            let start = MonotonicClock.now()
            let port = try await strangersWrite(to: group, sentinels)
            if port == to { strangers.append(MonotonicClock.now() - start) }
            if try stale.named() != to { misled += 1 }
            // On a busy machine another failover may follow by itself.
            try await writers.wait("a write at the new primary: \(account())") {
                let port = writers.ledger.latest?.port
                return port != nil && (port != from || group.primary()?.port == from)
            }
            try await writers.waitForWrites(100)
            let writes = writers.ledger.acknowledgements(from: before)
            if group.primary() === new, let word = listeners.compactMap({ $0.instant(of: to) }).min(),
                let first = writes.first(where: { $0.port == to })
            {
                followed.append(max(0, first.instant - word))
                late.append(max(0, (writes.last { $0.port == from }?.instant ?? word) - word))
            }
            try await writers.wait("two replicas of the primary: \(account())") {
                guard let port = group.primary()?.port, let main = admins[port] else { return false }
                return (try? main.info("replication"))?["connected_slaves"] == "2"
            }
            // A sentinel that has not seen all of that yet would make the next primary a replica again.
            try await Task.sleep(for: .seconds(1))
        }
        let within = followed.count { $0 <= 100_000_000 }
        report.withLock { report in
            report = [
                "\(settings.failovers) forced failovers, from the first +switch-master to the first write that the new "
                    + "primary acknowledged: \(FaultTable.pauses(followed)); "
                    + "\(within) of \(followed.count) that no other followed within 100 ms.",
                "The last write that the old primary acknowledged came \(FaultTable.pauses(late)) behind that message.",
                "A client that was opened then wrote to the new primary after \(FaultTable.pauses(strangers)) "
                    + "(\(strangers.count) of them).",
                "Of the five sentinels one demanded a password, one was stopped, and one was stale: it named another "
                    + "server after \(misled) failovers. No server that was a replica got a write.", "",
            ]
        }
    }

    /// The first write of a client that knows nothing yet; the port of the server that ran it.
    private static func strangersWrite(to group: RedisTestSentinelGroup, _ sentinels: [String]) async throws -> Int {
        try await with(Group.databases(of: group, sentinels: sentinels)) { databases in
            let reply = try await databases[.main].run(Writers.command(of: "stranger"))
            return reply.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        }
    }
}

/// Hears what a sentinel announces, over a connection that the client knows nothing of.
final class SentinelListener: Sendable {
    private final class Inbox: Sendable {
        private let instants = Mutex<[Int: Int64]>([:])
        func add(_ port: Int, _ instant: Int64) { instants.withLock { $0[port] = $0[port] ?? instant } }
        func instant(of port: Int) -> Int64? { instants.withLock { $0[port] } }
        func forget() { instants.withLock { $0 = [:] } }
    }

    private let inbox = Inbox()
    private let socket: LineSocket
    private let thread: DedicatedThread?

    init(_ sentinel: RedisTestServer, password: String?) throws {
        let login = password.map { "AUTH \($0)\r\n" } ?? ""
        socket = try LineSocket(port: sentinel.port ?? 0, saying: login + "SUBSCRIBE +switch-master")
        thread = DedicatedThread { [inbox, socket] in
            socket.forEachLine { line in
                // mymaster 127.0.0.1 OLD 127.0.0.1 NEW
                let words = line.split(separator: " ")
                if words.count == 5, let port = Int(words[4]) { inbox.add(port, MonotonicClock.now()) }
                return true
            }
        }
    }

    /// When it said that this is the primary.
    func instant(of port: Int) -> Int64? { inbox.instant(of: port) }

    func forget() { inbox.forget() }

    func end() {
        socket.end()
        thread?.join()
    }
}
