@testable import BulkheadNetworking
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

/// Certificates of the tests.
let certificates = TestCertificates.shared

extension TLSSettings {
    /// Trusts the authority of the tests.
    static var trusting: TLSSettings {
        var settings = TLSSettings()
        settings.trust = .file(certificates.authority)
        return settings
    }

    func with(_ change: (inout TLSSettings) -> Void) -> TLSSettings {
        var settings = self
        change(&settings)
        return settings
    }

    /// With a client's certificate.
    func with(_ pair: TestCertificates.Pair) -> TLSSettings {
        with {
            $0.certificateFile = pair.certificate
            $0.keyFile = pair.key
        }
    }
}

extension ConnectionSettings {
    static func overTLS(
        _ server: RedisTestServer, host: String = "localhost", _ tls: TLSSettings = .trusting, database: Int = 0
    ) -> ConnectionSettings {
        .overTLS(port: server.port ?? 0, host: host, tls, database: database)
    }

    static func overTLS(
        port: Int, host: String = "localhost", _ tls: TLSSettings = .trusting, database: Int = 0,
        connectTimeout: Duration = .seconds(30)
    ) -> ConnectionSettings {
        var settings = ConnectionSettings(
            endpoint: .tcp(host: host, port: port), database: database, version: ServerUnderTest.version,
            connectTimeout: connectTimeout)
        settings.tls = TLSPeer.shared(tls, settings.endpoint)
        return settings
    }
}

@Suite(.enabled(if: ServerUnderTest.speaksTLS)) struct TLSTests {
    @Test(arguments: Way.allCases, ["localhost", "127.0.0.1"])
    func `a command goes to a server whose certificate is right`(_ way: Way, _ host: String) async throws {
        let server = try RedisTestServer.startWithTLS()
        defer { server.stop() }
        let settings = ConnectionSettings.overTLS(server, host: host, database: 3)
        #expect(await way.say("SET greeting hello", settings).value == .simpleString("OK"))
        #expect(try Probe(server).say("INFO keyspace").bytes?.text?.contains("db3:keys=1") == true)
        #expect(await way.say("GET greeting", settings).value?.bytes == "hello")
    }

    @Test(arguments: Way.allCases)
    func `the certificates of a folder are trusted`(_ way: Way) async throws {
        let server = try RedisTestServer.startWithTLS()
        defer { server.stop() }
        let settings = TLSSettings().with { $0.trust = .folder(certificates.authorityFolder) }
        #expect(await way.say("PING", .overTLS(server, settings)).value == .simpleString("PONG"))
    }

    @Test(arguments: Way.allCases)
    func `a server that wants a certificate gets it`(_ way: Way) async throws {
        let server = try RedisTestServer.startWithTLS(clientAuthority: certificates.authority)
        defer { server.stop() }
        let settings = TLSSettings.trusting.with(certificates.client)
        #expect(await way.say("PING", .overTLS(server, settings)).value == .simpleString("PONG"))
        let encrypted = settings.with {
            $0.keyFile = certificates.encryptedKey
            $0.passphrase = certificates.passphrase
        }
        #expect(await way.say("PING", .overTLS(server, encrypted)).value == .simpleString("PONG"))
    }

    @Test(arguments: Way.allCases)
    func `values of 20 MB go both ways`(_ way: Way) async throws {
        let server = try RedisTestServer.startWithTLS()
        defer { server.stop() }
        let value = BigValue()
        let settings = ConnectionSettings.overTLS(server)
        switch way {
        case .asynchronous:
            let connection = AsyncConnection(settings)
            let replies = await connection.sendAll(value.set + command("GET big"), count: 2).value
            #expect(value.isEqual(to: replies?.last?.bytes))
            await connection.close(grace: .seconds(30))
        case .blocking:
            let isEqual = await onThread {
                let replies = try? BlockingConnection(settings).sendAll(value.set + command("GET big"), count: 2)
                return value.isEqual(to: replies?.last?.bytes)
            }
            #expect(isEqual)
        }
    }

    @Test func `fifty callers share a connection, and everyone has their own reply`() async throws {
        let server = try RedisTestServer.startWithTLS()
        defer { server.stop() }
        let connection = AsyncConnection(.overTLS(server))
        await withTaskGroup { group in
            for caller in 0..<50 {
                group.addTask {
                    for turn in 0..<100 {
                        let reply = await connection.send(command("ECHO \(caller)-\(turn)")).value
                        #expect(reply?.bytes?.text == "\(caller)-\(turn)")
                    }
                }
            }
        }
        await connection.close(grace: .seconds(30))
    }

    @Test func `the second connection resumes the session of the first`() async throws {
        for version in ["TLSv1.2", "TLSv1.3"] {
            let server = try RedisTestServer.startWithTLS(arguments: ["--tls-protocols", version])
            defer { server.stop() }
            let settings = ConnectionSettings.overTLS(server)
            let resumed = await onThread {
                (0..<3).map { _ in
                    guard let connection = try? BlockingConnection(settings),
                        let tls = connection.wire.stream.layer as? TLSSession
                    else { return "none" }
                    return "\(tls.version) \(tls.isResumed)"
                }
            }
            #expect(resumed == ["\(version) false", "\(version) true", "\(version) true"])
        }
    }
}
