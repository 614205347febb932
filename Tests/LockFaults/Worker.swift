import Bulkhead

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A program's worker, which uses what is put to the test again and again, and writes what it did to a server that
/// never fails over. Half of the workers block.
struct Worker: Sendable {
    /// Who did something, in the order in which it was done: each entry begins with a worker's name.
    static let journal = "journal"
    /// How many writes the fence has refused, how many locks were lost, and how many were released in order.
    static let refused = "refused"
    static let lost = "lost"
    static let released = "released"

    /// Who started it: without them it ends.
    private let parent = getppid()
    let name: String
    let lease: Duration
    let resource: RedisDatabases
    let locks: RedisDatabases

    init(_ name: String, _ settings: Settings, resource: String, sentinels: String) throws {
        self.name = name
        lease = .milliseconds(settings.lease)
        self.resource = RedisDatabases(RedisConfiguration(unixSocket: resource))
        let place = try DatabaseServer(sentinels: sentinels.split(separator: ",").map(String.init), primary: "mymaster")
        var configuration = RedisConfiguration()
        configuration.commandTimeout = .seconds(120)
        locks = RedisDatabases(
            configuration, catalogue: try DatabaseCatalogue([DatabaseEntry(.main, number: 0, server: place)]))
    }

    var isWanted: Bool { getppid() == parent }

    /// Counts a lock that was lost, or a write that the fence refused. Any other error is one of the lock's server,
    /// which is about to fail over: the next attempt has time.
    func count(_ error: RedisError) async throws {
        guard let counter = Self.counter(of: error) else { return try await Task.sleep(for: .milliseconds(1)) }
        try await resource[.main].incr(counter)
    }

    func countBlocking(_ error: RedisError) throws {
        guard let counter = Self.counter(of: error) else {
            usleep(1_000)
            return
        }
        try resource.blocking(.main).incr(counter)
    }

    private static func counter(of error: RedisError) -> String? {
        switch error.code {
        case .fenceRefused: refused
        case .lockLost: lost
        default: nil
        }
    }
}
