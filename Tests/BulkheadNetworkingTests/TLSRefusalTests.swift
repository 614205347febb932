@testable import BulkheadNetworking
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

/// What users see if TLS fails: what happened, and what to do.
@Suite(.enabled(if: ServerUnderTest.speaksTLS)) struct TLSRefusalTests {
    /// What a server's certificate is like, what a client expects, and the words of its failure.
    struct Certificate: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let pair: TestCertificates.Pair
        var host = "localhost"
        var tls = TLSSettings.trusting
        let words: [String]
    }

    @Test(
        arguments: Way.allCases,
        [
            Certificate(
                testDescription: "another name", pair: certificates.elsewhere,
                words: ["ostname mismatch", "must have DNS:localhost", "set the server name"]),
            Certificate(
                testDescription: "another address", pair: certificates.elsewhere, host: "127.0.0.1",
                words: ["IP address mismatch", "must have IP:127.0.0.1"]),
            Certificate(
                testDescription: "the name in its subject only", pair: certificates.subjectOnly,
                words: ["ostname mismatch", "a name in its subject does not count"]),
            Certificate(
                testDescription: "expired", pair: certificates.expired,
                words: ["certificate has expired", "renewed"]),
            Certificate(
                testDescription: "of an unknown authority, by a file", pair: certificates.server,
                tls: TLSSettings.trusting.with { $0.trust = .file(certificates.otherAuthority) },
                words: [
                    "issuer certificate", "none of the authorities in \(certificates.otherAuthority) has issued it",
                ]),
            Certificate(
                testDescription: "of an authority that the system does not know", pair: certificates.server,
                tls: TLSSettings(),
                words: ["issuer certificate", "name the file of the authority", "ca-certificates"]),
        ])
    func `a certificate that is not right is refused, saying what to do`(
        _ way: Way, _ certificate: Certificate
    ) async throws {
        let server = try RedisTestServer.startWithTLS(certificate.pair)
        defer { server.stop() }
        let settings = ConnectionSettings.overTLS(server, host: certificate.host, certificate.tls)
        let failure = await way.say("PING", settings).failure
        #expect(failure?.reason == .certificateRefused && failure?.stage.isSafeToRetry == true)
        for words in ["the certificate of \(settings.endpoint) is not accepted"] + certificate.words {
            #expect(failure?.message.contains(words) == true, "\(String(describing: failure))")
        }
    }

    @Test func `what is not to be checked is not`() async throws {
        let elsewhere = try RedisTestServer.startWithTLS(certificates.elsewhere)
        defer { elsewhere.stop() }
        let named = TLSSettings.trusting.with { $0.serverName = "redis.example" }
        let addressed = TLSSettings.trusting.with { $0.serverName = "192.0.2.1" }
        let anyName = TLSSettings.trusting.with { $0.verification = .withoutName }
        for settings in [named, addressed, anyName] {
            #expect(await Way.blocking.say("PING", .overTLS(elsewhere, settings)).value == .simpleString("PONG"))
        }
        let foreign = anyName.with { $0.trust = .file(certificates.otherAuthority) }
        #expect(await Way.blocking.say("PING", .overTLS(elsewhere, foreign)).failure?.reason == .certificateRefused)
        let unchecked = TLSSettings().with { $0.verification = .none }
        #expect(await Way.blocking.say("PING", .overTLS(elsewhere, unchecked)).value == .simpleString("PONG"))
    }

    /// In TLS 1.3 the handshake is over before the server says no.
    @Test(arguments: Way.allCases, ["TLSv1.2", "TLSv1.3"])
    func `a server that wants a client's certificate says so`(_ way: Way, _ version: String) async throws {
        let server = try RedisTestServer.startWithTLS(
            clientAuthority: certificates.authority, arguments: ["--tls-protocols", version])
        defer { server.stop() }
        let missing = await way.say("PING", .overTLS(server)).failure
        #expect(missing?.reason == .tlsRefused, "\(String(describing: missing))")
        #expect(
            missing?.message.contains("wants a client certificate") == true
                || missing?.message.contains("want a client certificate") == true, "\(String(describing: missing))")
        let foreign = await way.say("PING", .overTLS(server, .trusting.with(certificates.foreignClient))).failure
        #expect(foreign?.reason == .tlsRefused, "\(String(describing: foreign))")
        #expect(
            foreign?.message.contains("the authority that issued our client certificate") == true,
            "\(String(describing: foreign))")
    }

    @Test func `a version that the server does not have is refused by name`() async throws {
        let server = try RedisTestServer.startWithTLS(arguments: ["--tls-protocols", "TLSv1.2"])
        defer { server.stop() }
        let settings = TLSSettings.trusting.with { $0.minimumVersion = .tls13 }
        let failure = await Way.blocking.say("PING", .overTLS(server, settings)).failure
        #expect(
            failure?.reason == .tlsRefused && failure?.message.contains("versions") == true,
            "\(String(describing: failure))")
    }

    // MARK: Settings

    @Test(arguments: [
        (TLSSettings.trusting.with { $0.trust = .file("/nowhere/ca.pem") }, "/nowhere/ca.pem cannot be read: No such"),
        (.trusting.with { $0.trust = .file(certificates.client.key) }, "the CA file"),
        (.trusting.with { $0.certificateFile = "/nowhere/client.pem" }, "/nowhere/client.pem cannot be read"),
        (.trusting.with { $0.certificateFile = certificates.client.key }, "the certificate file"),
        (.trusting.with { $0.keyFile = certificates.client.key }, "no certificate file: name both"),
        (.trusting.with(certificates.client).with { $0.keyFile = certificates.server.key }, "does not belong to"),
        (.trusting.with(certificates.client).with { $0.keyFile = certificates.authority }, "the key file"),
        (.trusting.with(certificates.client).with { $0.keyFile = certificates.encryptedKey }, "is encrypted: set its"),
        (
            .trusting.with(certificates.client).with {
                $0.keyFile = certificates.encryptedKey
                $0.passphrase = "hunter2"
            }, "is its passphrase right?"
        ),
    ])
    func `files that cannot be used are reported before anything is sent`(_ tls: TLSSettings, _ words: String) async {
        // Nobody listens there: who connected would learn that.
        for way in Way.allCases {
            let failure = await way.say("PING", .overTLS(port: 1, tls)).failure
            #expect(failure?.reason == .tlsSettings && failure?.stage.isSafeToRetry == true)
            #expect(failure?.message.contains(words) == true, "\(String(describing: failure))")
            #expect(failure?.message.contains("hunter2") == false)
        }
    }

    @Test func `without OpenSSL the failure says what to install`() async {
        await #expect(processExitsWith: .success) {
            setenv("BULKHEAD_OPENSSL", "/nowhere", 1)
            for way in Way.allCases {
                let failure = await way.say("PING", .overTLS(port: 1, TLSSettings())).failure
                #expect(failure?.reason == .tlsUnavailable)
                for words in ["no OpenSSL 3 or 1.1.1 in /nowhere, which BULKHEAD_OPENSSL names", "install it"] {
                    #expect(failure?.message.contains(words) == true, "\(String(describing: failure))")
                }
            }
        }
    }

    @Test(.enabled(if: getenv("BULKHEAD_OPENSSL") != nil))
    func `the OpenSSL of the folder in the environment is the one that is loaded`() async {
        await #expect(processExitsWith: .success) {
            let folder = try #require(getenv("BULKHEAD_OPENSSL").map { String(cString: $0) })
            _ = await Way.blocking.say("PING", .overTLS(port: 1, TLSSettings()))
            let maps = try String(contentsOfFile: "/proc/self/maps", encoding: .utf8).split(separator: "\n")
            let libraries = maps.filter { $0.contains("/libssl") || $0.contains("/libcrypto") }
            #expect(!libraries.isEmpty && libraries.allSatisfy { $0.contains(folder + "/lib") })
        }
    }

    @Test(.enabled(if: !TLSUnderTest.isOn))
    func `a program without TLS loads no OpenSSL`() async {
        await #expect(processExitsWith: .success) {
            func isLoaded() throws -> Bool {
                try String(contentsOfFile: "/proc/self/maps", encoding: .utf8).contains("libssl")
            }
            let server = try RedisTestServer.start()
            defer { server.stop() }
            for way in Way.allCases { #expect(await way.say("PING", .to(server)).value != nil) }
            #expect(try !isLoaded())
            _ = await Way.blocking.say("PING", .overTLS(port: 1, TLSSettings()))
            #expect(try isLoaded())
        }
    }

    // MARK: Peers that speak something else

    /// Over a unix socket, whose server is named by the settings.
    private static func settings(
        _ path: String, connectTimeout: Duration = .seconds(30)
    ) -> ConnectionSettings {
        var settings = ConnectionSettings.to(path, connectTimeout: connectTimeout)
        settings.tls = TLSPeer.shared(.trusting.with { $0.serverName = "localhost" }, settings.endpoint)
        return settings
    }

    @Test(arguments: Way.allCases)
    func `a plain server is asked for TLS in vain, and the failure says so in time`(_ way: Way) async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let settings = Self.settings(server.socketPath, connectTimeout: .milliseconds(300))
        let failure = await way.say("PING", settings).failure
        #expect(failure?.reason == .connectTimedOut)
        #expect(failure?.message.contains("does this port speak TLS?") == true, "\(String(describing: failure))")
    }

    @Test(arguments: Way.allCases)
    func `a server with TLS is spoken to without, and the failure says so`(_ way: Way) async throws {
        let server = try RedisTestServer.startWithTLS()
        defer { server.stop() }
        for version in [RESPVersion.resp2, .resp3] {
            let settings = ConnectionSettings(
                endpoint: .tcp(host: "127.0.0.1", port: server.port ?? 0), database: 0, version: version)
            let failure = await way.say("PING", settings).failure
            #expect(
                failure?.message.contains("if the port wants TLS, use rediss://") == true,
                "\(String(describing: failure))")
        }
    }

    @Test(arguments: Way.allCases)
    func `a server that answers a hello by an alert wants TLS`(_ way: Way) async {
        // As a server of OpenSSL's does: protocol version.
        let server = ScriptedServer { peer in
            peer.write(bytes: [0x15, 3, 1, 0, 2, 2, 70])
            peer.drain()
        }
        defer { server.stop() }
        let failure = await way.say("PING", .to(server.path)).failure
        #expect(
            failure?.message.contains("if the port wants TLS, use rediss://") == true,
            "\(String(describing: failure))")
    }

    @Test(arguments: Way.allCases, ["HTTP/1.1 400 Bad Request\r\n\r\n", "-ERR unknown command\r\n"])
    func `an answer that is no TLS is reported`(_ way: Way, _ answer: String) async {
        let server = ScriptedServer { peer in
            peer.write(answer)
            peer.drain()
        }
        defer { server.stop() }
        let failure = await way.say("PING", Self.settings(server.path)).failure
        #expect(failure?.reason == .tlsFailed)
        #expect(
            failure?.message.contains("did not answer the TLS handshake with TLS: does this port") == true,
            "\(String(describing: failure))")
    }

    @Test(arguments: Way.allCases, [[], [0x16, 3, 3, 0, 0x7a, 2]] as [[UInt8]])
    func `a peer that hangs up during the handshake is reported`(_ way: Way, _ hello: [UInt8]) async {
        let server = ScriptedServer { peer in
            peer.write(bytes: hello)
            peer.hangUp()
        }
        defer { server.stop() }
        let failure = await way.say("PING", Self.settings(server.path)).failure
        #expect(failure?.reason == .tlsFailed && failure?.stage.isSafeToRetry == true)
        #expect(
            failure?.message.contains("during the TLS handshake: does this port speak TLS") == true,
            "\(String(describing: failure))")
    }

    @Test(arguments: Way.allCases)
    func `a server that dies is a connection that was closed, as without TLS`(_ way: Way) async throws {
        let server = try RedisTestServer.startWithTLS()
        defer { server.stop() }
        let settings = ConnectionSettings.overTLS(server)
        let failure: ConnectionFailure?
        switch way {
        case .asynchronous:
            let connection = AsyncConnection(settings)
            #expect(await connection.send(command("PING")).value != nil)
            server.kill()
            failure = await connection.send(command("PING")).failure
        case .blocking:
            failure = await onThread {
                guard let connection = try? BlockingConnection(settings) else { return nil }
                server.kill()
                return BulkheadNetworkingTests.failure { _ = try connection.send(command("PING")) }
            }
        }
        #expect(failure?.isEndOfConnection == true, "\(String(describing: failure))")
    }

    // MARK: The circuit

    @Test func `trouble with certificates is no outage`() async throws {
        let server = try RedisTestServer.startWithTLS(certificates.expired)
        defer { server.stop() }
        let circuit = Circuit(Backoff(first: .seconds(3_600), cap: .seconds(3_600)))
        let node = Node(.overTLS(server), .upTo(1), circuit.forLogin())
        for _ in 0..<5 {
            let failure = await failure { _ = try await node.send(command("PING"), on: .shared) }
            #expect(failure?.reason == .certificateRefused)
        }
        // The endpoint is well: another login may connect at once.
        guard case .attempt(let attempt) = try circuit.admit() else {
            Issue.record("the circuit is half open")
            return
        }
        attempt.ended(nil)
        node.abort()
    }
}
