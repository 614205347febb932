@testable import BulkheadNetworking
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation

extension ConnectionSettings {
    /// A real server, in the protocol that is under test.
    static func to(_ server: RedisTestServer, database: Int = 0) -> ConnectionSettings {
        var settings = ConnectionSettings.to(
            server.socketPath, database: database, version: ServerUnderTest.version)
        if TLSUnderTest.isOn { TLSUnderTest.goThroughProxy(&settings, to: server.socketPath) }
        return settings
    }

    /// Generous with time, because the machine may be busy: the tests do not measure it.
    static func to(
        _ path: String, database: Int = 0, username: String? = nil, password: String? = nil,
        version: RESPVersion = .resp3, connectTimeout: Duration = .seconds(30)
    ) -> ConnectionSettings {
        ConnectionSettings(
            endpoint: .unix(path: path), database: database, username: username, password: password,
            version: version, connectTimeout: connectTimeout)
    }
}

/// With BULKHEAD_TEST_TLS=1 all suites speak TLS with real servers, through a proxy in front of each of them.
enum TLSUnderTest {
    static let isOn: Bool = {
        guard ProcessInfo.processInfo.environment["BULKHEAD_TEST_TLS"] == "1" else { return false }
        if case .failure(let failure) = OpenSSL.loaded {
            print("*** SKIPPED: no connection is made over TLS: \(failure.reason)")
            return false
        }
        return true
    }()
    static let settings = TLSSettings.trusting.with { $0.serverName = "localhost" }
    private static let proxies = Locked<[String: RedisTestTLSProxy]>([:])

    /// Whether the end of a connection by its server is seen: at once, and through the proxy a moment later.
    static func sees(_ isEnded: () -> Bool) -> Bool {
        for _ in 0..<3_000 where isOn {
            if isEnded() { return true }
            usleep(10_000)
        }
        return isEnded()
    }

    static func goThroughProxy(_ settings: inout ConnectionSettings, to server: String) {
        settings.endpoint = .unix(path: path(to: server))
        settings.tls = TLSPeer.shared(Self.settings, settings.endpoint)
    }

    /// Where the proxy in front of a server listens.
    private static func path(to server: String) -> String {
        proxies.change { proxies in
            if let path = proxies[server]?.path { return path }
            let path = NSTemporaryDirectory() + "tls-\(UUID().uuidString.prefix(8)).sock"
            do {
                proxies[server] = try RedisTestTLSProxy(
                    toSocket: server, TestCertificates.shared.server.tls, listeningOn: path)
            } catch {
                preconditionFailure("no TLS proxy: \(error)")
            }
            return path
        }
    }
}

extension PoolBounds {
    static func upTo(
        _ connections: Int, waiters: Int = 1_024, leaseTimeout: Duration = .seconds(60)
    ) -> PoolBounds {
        PoolBounds(maximumLeases: connections, waiters: waiters, leaseTimeout: leaseTimeout)
    }
}

/// The two ways to connect, for what must hold of both.
enum Way: CaseIterable, Sendable {
    case asynchronous, blocking

    /// Connects, sends one command, closes.
    func say(_ line: String, _ settings: ConnectionSettings) async -> Result<RESPValue, ConnectionFailure> {
        switch self {
        case .asynchronous:
            let connection = AsyncConnection(settings)
            let result = await connection.send(command(line))
            await connection.close(grace: .seconds(30))
            return result
        case .blocking:
            return await onThread {
                Result { () throws(ConnectionFailure) in try BlockingConnection(settings).send(command(line)) }
            }
        }
    }
}

/// A connection that looks at a server from outside.
struct Probe: ~Copyable {
    let connection: BlockingConnection

    init(_ server: RedisTestServer) throws {
        connection = try BlockingConnection(.to(server))
    }

    @discardableResult
    func say(_ line: String) throws -> RESPValue { try connection.send(command(line)) }

    /// A number in INFO, such as `blocked_clients`.
    func number(_ name: String, in section: String) throws -> Int? {
        let lines = try say("INFO \(section)").bytes?.text?.split(separator: "\r\n") ?? []
        return lines.first { $0.hasPrefix(name + ":") }.flatMap { Int($0.dropFirst(name.count + 1)) }
    }

    /// How often a command was called, by the server's own count.
    func calls(of name: String) throws -> Int {
        let lines = try say("INFO commandstats").bytes?.text?.split(separator: "\r\n") ?? []
        guard let line = lines.first(where: { $0.hasPrefix("cmdstat_\(name):calls=") }) else { return 0 }
        return Int(line.drop { $0 != "=" }.dropFirst().prefix { $0 != "," }) ?? 0
    }

    /// Keys in all databases together.
    func hasNoKeys() throws -> Bool {
        try say("INFO keyspace").bytes?.text?.contains("keys=") == false
    }

    /// Waits until so many clients block.
    func waitForBlocked(_ count: Int) async throws -> Bool {
        try await eventually { try number("blocked_clients", in: "clients") == count }
    }

    /// Waits until only the probe is connected.
    func waitUntilAlone() async throws -> Bool {
        try await eventually { try number("connected_clients", in: "clients") == 1 }
    }
}

/// A server that sends each reply byte by byte: what ECHO is given comes back with an attribute.
func tricklingServer() -> ScriptedServer {
    ScriptedServer { peer in
        func trickle(_ reply: String) { for byte in reply.utf8 { peer.write(bytes: [byte]) } }
        while let words = peer.readCommand() {
            switch words[0] {
            case "HELLO": trickle(hello)
            case "ECHO": trickle("|1\r\n+of\r\n:1\r\n$\(words[1].utf8.count)\r\n\(words[1])\r\n")
            default: trickle("+OK\r\n")
            }
        }
    }
}
