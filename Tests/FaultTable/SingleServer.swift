import Bulkhead
import BulkheadBenchmarkSupport
import BulkheadTestServer

/// Faults of one server.
enum SingleServer {
    static let faults: [Fault] = [
        Fault(place: .server, name: "none, for comparison") { _ in
            try await withServer { _, _ in try await pause() }
        },
        Fault(place: .server, name: "SIGKILL, started again at once; it keeps its log of writes") { _ in
            try await withServer { _, server in
                server.kill()
                try server.restart()
            }
        },
        Fault(place: .server, name: "SIGSTOP for a second") { _ in
            try await withServer { _, server in
                try server.pause()
                defer { server.resume() }
                try await pause()
            }
        },
        Fault(place: .server, name: "network cut for a second") { _ in
            let network = try Network()
            defer { network.end() }
            var options = RedisTestServer.Options(listening: .tcp, launchPrefix: network.prefix)
            options.arguments = ["--bind", network.there, "127.0.0.1", "--protected-mode", "no"]
            return try await RedisTestServer.withServer(options) { server in
                let place = RedisConfiguration(host: network.there, port: server.port ?? 0)
                return try await with(RedisDatabases(place.patient)) { databases in
                    try await Writers.measure(databases) { _ in
                        try network.cut()
                        defer { try? network.mend() }
                        try await pause()
                    }
                }
            }
        },
        Fault(place: .server, name: "its certificate is renewed, and all connections end") { _ in
            try await withTLS { _, server, certificates in
                try certificates.install("renewed")
                try await load(certificates, server)
            }
        },
        Fault(place: .server, name: "its certificate is another host's for a second, and all connections end") { _ in
            try await withTLS { _, server, certificates in
                try certificates.install("elsewhere")
                try await load(certificates, server)
                try await pause()
                try certificates.install("first")
                try await load(certificates, server)
            }
        },
        Fault(place: .server, name: "DNS: the name leads to a replica, which was made the primary", run: moveName),
    ]

    private static func pause() async throws { try await Task.sleep(for: .seconds(1)) }

    private static func withServer(
        _ body: @escaping (Writers, RedisTestServer) async throws -> Void
    ) async throws -> Cost {
        let options = RedisTestServer.Options(listening: .tcp, arguments: ["--appendonly", "yes"])
        return try await RedisTestServer.withServer(options) { server in
            let place = RedisConfiguration(host: "127.0.0.1", port: server.port ?? 0)
            return try await with(RedisDatabases(place.patient)) { databases in
                try await Writers.measure(databases) { writers in try await body(writers, server) }
            }
        }
    }

    private static func withTLS(
        _ body: @escaping (Writers, RedisTestServer, TemporaryCertificates) async throws -> Void
    ) async throws -> Cost {
        guard let certificates = try? TemporaryCertificates() else {
            throw Skipped(reason: "the openssl command makes no certificates")
        }
        defer { certificates.remove() }
        try certificates.install("first")
        let tls = RedisTestServer.TLS(certificateFile: certificates.certificate, keyFile: certificates.key)
        let server: RedisTestServer
        do throws(RedisTestServerError) {
            server = try RedisTestServer.start(RedisTestServer.Options(listening: .tcp, tls: tls))
        } catch {
            throw Skipped(reason: "the server starts with no TLS: it may be built without")
        }
        defer { server.stop() }
        var place = RedisConfiguration(host: "localhost", port: server.port ?? 0)
        var trust = RedisTLS()
        trust.trust = .certificates(inFile: certificates.authority)
        place.tls = trust
        return try await with(RedisDatabases(place.patient)) { databases in
            try await Writers.measure(databases) { writers in try await body(writers, server, certificates) }
        }
    }

    /// Has the server read its files again, and ends all connections but this one.
    private static func load(_ certificates: TemporaryCertificates, _ server: RedisTestServer) async throws {
        try await with(RedisDatabases(RedisConfiguration(unixSocket: server.socketPath))) { databases in
            let admin = try databases[.main]
            _ = try await admin.send("CONFIG", "SET", "tls-cert-file", certificates.certificate)
            _ = try await admin.send("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        }
    }

    /// As managed services do it: writes to the old primary fail from the promotion on, and the name follows.
    @Sendable private static func moveName(_ settings: Settings) async throws -> Cost {
        guard let file = settings.hosts else { throw Skipped(reason: "a private /etc/hosts needs root and unshare") }
        let before = try PrivateHosts.read(file)
        try PrivateHosts.point(to: "127.0.0.1", in: file, before: before)
        let old = try RedisTestServer.start(
            RedisTestServer.Options(listening: .tcp, arguments: ["--repl-diskless-sync-delay", "0"]))
        defer { old.stop() }
        let port = old.port ?? 0
        // The same port of another address; on Linux all of 127.0.0.0/8 is this machine.
        let place = file + ".conf"
        try PrivateHosts.write("port \(port)\nbind 127.0.0.2\n", to: place)
        defer { PrivateHosts.remove(place) }
        let new = try RedisTestServer.start(
            RedisTestServer.Options(
                listening: .tcp, arguments: ["--include", place, "--replicaof", "127.0.0.1", "\(port)"]))
        defer { new.stop() }
        let admins = [old, new].map { RedisDatabases(RedisConfiguration(unixSocket: $0.socketPath)) }
        let cost = try await with(RedisDatabases(RedisConfiguration(host: PrivateHosts.name, port: port).patient)) {
            databases in
            try await Writers.measure(databases, primary: old) { _ in
                _ = try await admins[1][.main].send("REPLICAOF", "NO", "ONE")
                _ = try await admins[0][.main].send("REPLICAOF", "127.0.0.2", "\(port)")
                try PrivateHosts.point(to: "127.0.0.2", in: file, before: before)
            }
        }
        for admin in admins { await admin.close() }
        return cost
    }
}

extension RedisConfiguration {
    /// With five seconds for each call, which most of the faults here are shorter than.
    var patient: RedisConfiguration {
        var configuration = self
        configuration.commandTimeout = .seconds(5)
        configuration.leaseTimeout = .seconds(5)
        return configuration
    }
}
