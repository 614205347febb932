public import BulkheadRESP
public import BulkheadTestServer
import Foundation

/// The server and the protocol this run is about. `Tests/run --servers` goes through all of them.
public enum ServerUnderTest {
    /// What connections to a real server speak unless a test says otherwise: BULKHEAD_TEST_RESP, else RESP3.
    public static let version: RESPVersion = {
        let text = ProcessInfo.processInfo.environment["BULKHEAD_TEST_RESP"] ?? "3"
        guard let version = Int(text).flatMap({ RESPVersion(rawValue: $0) }) else {
            preconditionFailure("BULKHEAD_TEST_RESP is \(text): set it to 2 or 3")
        }
        return version
    }()

    /// Whether names that a test does not place itself live in one cluster with numbered databases, and not on a
    /// server: BULKHEAD_TEST_PLACE=cluster, for Valkey 9. Many tests are about a single server: Tests/against-servers
    /// lists those that are not.
    public static let isCluster: Bool = {
        let text = ProcessInfo.processInfo.environment["BULKHEAD_TEST_PLACE"] ?? "server"
        let isKnown = text == "server" || text == "cluster"
        precondition(isKnown, "BULKHEAD_TEST_PLACE is \(text): set it to server or cluster")
        return text == "cluster"
    }()

    /// What the server that is started by default says it is; one is started once to ask.
    public static let identity: (flavour: RedisTestServer.Flavour, version: String) = {
        do {
            let server = try RedisTestServer.start()
            defer { server.stop() }
            return (server.flavour, server.version)
        } catch {
            preconditionFailure("no server to test with: \(error)")
        }
    }()

    /// For `.enabled(if:)`. Valkey began as Redis 7.2, so it has what Redis had then.
    public static func isAtLeast(redis major: Int, _ minor: Int) -> Bool {
        reaches([major, minor], from: identity.flavour == .redis ? identity.version : "7.2")
    }

    /// Whether it is a Valkey of this version or newer.
    public static func isAtLeast(valkey major: Int, _ minor: Int) -> Bool {
        identity.flavour == .valkey && reaches([major, minor], from: identity.version)
    }

    /// For `.enabled(if:)`: servers from PyPI are built without TLS. Any other failure to start fails the tests.
    public static let speaksTLS: Bool = {
        do throws(RedisTestServerError) {
            try RedisTestServer.startWithTLS().stop()
            return true
        } catch {
            return !["Bad directive", "Failed finding TLS support"].contains { error.message.contains($0) }
        }
    }()

    /// What lets a server take DEBUG: before 7.0 all do, and refuse the option.
    public static var debugArguments: [String] {
        isAtLeast(redis: 7, 0) ? ["--enable-debug-command", "yes"] : []
    }

    /// A Valkey 9, for what nothing else can do: the server under test if it is one, else the one that
    /// Tests/fetch-servers has fetched; nil where it has not.
    public static let valkey9: String? = {
        if isAtLeast(valkey: 9, 0), let path = ProcessInfo.processInfo.environment["REDIS_TEST_SERVER"] { return path }
        return FetchedServers.newest("valkey", atLeast: 9)
    }()

    private static func reaches(_ wanted: [Int], from version: String) -> Bool {
        !version.split(separator: ".").map { Int($0) ?? 0 }.lexicographicallyPrecedes(wanted)
    }
}
