import RESP
@testable import RedisNetworking
import TestSupport
import Testing

/// Writes one byte after the other, as fast as it can, until the client goes; for ten seconds at most, so that a client
/// without a deadline learns of a hang-up instead.
private func drip(_ peer: ScriptedPeer, _ text: String) {
    let bytes = Array(text.utf8)
    let end = ContinuousClock.now + .seconds(10)
    var position = 0
    while ContinuousClock.now < end, peer.write(bytes: [bytes[position % bytes.count]]) { position += 1 }
    peer.hangUp()
}

@Suite(.timeLimit(.minutes(3))) struct `A peer that never stops sending` {
    @Test func `does not keep a blocking caller beyond the deadline, nor its next request`() async throws {
        let server = ScriptedServer { peer in
            peer.shakeHands()
            _ = peer.readCommand()
            peer.write("$500000000\r\n")
            drip(peer, "x")
        }
        defer { server.stop() }
        let failures = await onThread { () -> [ConnectionFailure?] in
            guard let connection = try? BlockingConnection(.to(server.path)) else { return [] }
            return (0..<2).map { number in
                failure { _ = try connection.send(command("GET \(number)"), until: .after(.milliseconds(100))) }
            }
        }
        #expect(failures.count == 2)
        for failure in failures { #expect(failure?.reason == .timedOut) }
        #expect(failures.first??.progress == .mayHaveBeenSent)
    }

    @Test func `and takes nothing does not keep a blocking caller who writes`() async throws {
        let server = ScriptedServer { peer in
            peer.shakeHands()
            peer.write("$500000000\r\n")
            drip(peer, "x")
        }
        defer { server.stop() }
        let large = command(["SET", "big", String(repeating: "x", count: 8 << 20)])
        let failed = await onThread { () -> ConnectionFailure? in
            guard let connection = try? BlockingConnection(.to(server.path)) else { return nil }
            return failure { _ = try connection.send(large, until: .after(.milliseconds(100))) }
        }
        #expect(failed?.reason == .timedOut)
    }

    @Test func `does not keep who waits for a message`() async throws {
        let server = ScriptedServer { peer in
            peer.shakeHands()
            peer.write("$500000000\r\n")
            drip(peer, "x")
        }
        defer { server.stop() }
        let outcome = await onThread { () -> Result<RESPValue?, ConnectionFailure> in
            Result { () throws(ConnectionFailure) in
                try BlockingConnection(.to(server.path)).nextPush(timeout: .milliseconds(100))
            }
        }
        #expect(outcome == .success(nil))
    }

    @Test(arguments: Way.allCases)
    func `does not keep a handshake`(_ way: Way) async throws {
        let server = ScriptedServer { peer in
            _ = peer.readCommand()
            peer.write(hello)
            drip(peer, ">1\r\n+news\r\n")
        }
        defer { server.stop() }
        let result = await way.say("PING", .to(server.path, connectTimeout: .milliseconds(200)))
        #expect(result.failure?.reason == .connectTimedOut)
    }
}
