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
        var followed: [Int64] = []
        var late: [Int64] = []
        // No failover is to come but those that are ordered.
        let cost = try await Group.withGroup(downAfter: .seconds(5)) { writers, group in
            let listeners = try group.sentinels.map { try SentinelListener($0) }
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
        }
        let within = followed.count { $0 <= 100_000_000 }
        report.withLock { report in
            report = [
                "\(settings.failovers) forced failovers, from the first +switch-master to the first write that the new "
                    + "primary acknowledged: \(FaultTable.pauses(followed)); "
                    + "\(within) of \(followed.count) that no other followed within 100 ms.",
                "The last write that the old primary acknowledged came \(FaultTable.pauses(late)) behind that message.",
                "Every write ran on a server that called itself: \(cost.roles.sorted().joined(separator: ", ")).", "",
            ]
        }
        return cost
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

    init(_ sentinel: RedisTestServer) throws {
        socket = try LineSocket(port: sentinel.port ?? 0, saying: "SUBSCRIBE +switch-master")
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
