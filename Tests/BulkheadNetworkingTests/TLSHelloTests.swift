@testable import BulkheadNetworking
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

/// What a client says first, what it takes for an answer, and what it writes to a peer that has gone.
@Suite(.enabled(if: ServerUnderTest.speaksTLS)) struct TLSHelloTests {
    private static func settings(_ path: String, name: String) -> ConnectionSettings {
        var settings = ConnectionSettings.to(path)
        settings.tls = TLSPeer.shared(.trusting.with { $0.serverName = name }, settings.endpoint)
        return settings
    }

    @Test(arguments: Way.allCases, ["redis.example", "redis.example.", "192.0.2.1", "2001:db8::1"])
    func `a server is told the name that is wanted of it, but no address`(_ way: Way, _ name: String) async {
        let hello = Locked<[UInt8]>([])
        let server = ScriptedServer { peer in
            let bytes = peer.readBytes()
            hello.change { $0 = bytes }
            peer.hangUp()
        }
        defer { server.stop() }
        _ = await way.say("PING", Self.settings(server.path, name: name))
        let bytes = hello.value
        #expect(bytes.first == 0x16)
        // As RFC 6066 has it: the kind of name, its length, the name.
        let told = Array("redis.example".utf8)
        let isTold = bytes.firstRange(of: [0, 0, UInt8(told.count)] + told) != nil
        #expect(isTold == name.hasPrefix("redis"))
        #expect(bytes.firstRange(of: Array(name.utf8)) == nil || name == "redis.example")
    }

    @Test(arguments: Way.allCases, [(0x02, "1.1"), (0x01, "1.0")] as [(UInt8, String)])
    func `a server that answers with an older version than 1.2 is refused`(
        _ way: Way, _ version: (byte: UInt8, name: String)
    ) async {
        let server = ScriptedServer { peer in
            _ = peer.readBytes()
            let hello =
                [3, version.byte] + [UInt8](repeating: 7, count: 32) + [0]
                // TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, and no compression.
                + [0xc0, 0x13, 0]
            peer.write(bytes: [0x16, 3, version.byte, 0, UInt8(hello.count + 4), 2, 0, 0, UInt8(hello.count)] + hello)
            peer.drain()
        }
        defer { server.stop() }
        let failure = await way.say("PING", Self.settings(server.path, name: "localhost")).failure
        #expect(failure?.reason == .tlsRefused, "\(String(describing: failure))")
        #expect(
            failure?.message.contains("speaks no version of TLS that is allowed here") == true,
            "\(String(describing: failure))")
    }

    @Test func `all connections to a server share one context, and those to another have their own`() throws {
        func peer(_ port: Int) throws -> TLSPeer { try #require(ConnectionSettings.overTLS(port: port).tls) }
        let (first, second, other) = (try peer(1), try peer(1), try peer(2))
        #expect(first === second && first !== other)
        #expect(try first.context() === second.context())
        #expect(try first.context() !== other.context())
    }

    @Test func `a peer that has gone raises no signal`() async {
        await #expect(processExitsWith: .success) {
            signal(SIGPIPE, SIG_DFL)
            let server = try RedisTestServer.start()
            defer { server.stop() }
            func proxy() throws -> RedisTestTLSProxy {
                try RedisTestTLSProxy(
                    toSocket: server.socketPath, certificates.server.tls,
                    listeningOn: NSTemporaryDirectory() + "gone-\(UUID().uuidString.prefix(8)).sock")
            }
            let (first, second) = (try proxy(), try proxy())
            let connection = AsyncConnection(Self.settings(first.path ?? "", name: "localhost"))
            #expect(await connection.send(command("PING")).value == .simpleString("PONG"))
            first.stop()
            #expect(await connection.send(command("PING")).failure != nil)
            await connection.close(grace: .seconds(30))
            let settings = Self.settings(second.path ?? "", name: "localhost")
            let blocking = await onThread { () -> ConnectionFailure? in
                guard let connection = try? BlockingConnection(settings),
                    (try? connection.send(command("PING"))) == .simpleString("PONG")
                else { return nil }
                second.stop()
                return failure { _ = try connection.send(command("PING")) }
            }
            #expect(blocking != nil)
        }
    }
}
