@testable import BulkheadNetworking
import BulkheadRESP
import BulkheadTestSupport
import Testing

/// Writes the same again and again until the client goes; for ten seconds at most, so that a client without a deadline
/// learns of a hang-up instead.
private func send(_ text: String, every pause: Duration, to peer: ScriptedPeer) {
    let bytes = Array(text.utf8)
    let end = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < end, peer.write(bytes: bytes) {
        if pause > .zero { sleepThread(for: pause) }
    }
    peer.hangUp()
}

/// A connection that looks for bytes for so long that it never sleeps between those that come.
private func watchful(_ server: ScriptedServer) throws(ConnectionFailure) -> BlockingConnection {
    var settings = ConnectionSettings.to(server.path)
    settings.spinTime = .seconds(5)
    return try BlockingConnection(settings)
}

@Suite(.timeLimit(.minutes(10))) struct `A peer that never stops sending` {
    @Test func `does not keep a blocking caller beyond the deadline, nor its next request`() async throws {
        let server = ScriptedServer { peer in
            peer.shakeHands()
            _ = peer.readCommand()
            peer.write("$500000000\r\n")
            send("x", every: .milliseconds(1), to: peer)
        }
        defer { server.stop() }
        let failures = await onThread { () -> [ConnectionFailure?] in
            guard let connection = try? watchful(server) else { return [] }
            return (0..<2).map { number in
                failure { _ = try connection.send(command("GET \(number)"), until: .after(.milliseconds(100))) }
            }
        }
        #expect(failures.count == 2)
        for failure in failures { #expect(failure?.reason == .timedOut) }
        #expect(failures.first??.stage == .sent)
    }

    @Test func `does not keep who waits for a message`() async throws {
        let server = ScriptedServer { peer in
            peer.shakeHands()
            peer.write("$500000000\r\n")
            send("x", every: .milliseconds(1), to: peer)
        }
        defer { server.stop() }
        let outcome = await onThread { () -> Result<RESPValue?, ConnectionFailure> in
            Result { () throws(ConnectionFailure) in
                try watchful(server).nextPush(timeout: .milliseconds(100))
            }
        }
        #expect(outcome == .success(nil))
    }

    @Test(arguments: Way.allCases)
    func `does not keep a handshake`(_ way: Way) async throws {
        let server = ScriptedServer { peer in
            _ = peer.readCommand()
            peer.write(hello)
            send(String(repeating: ">1\r\n+news\r\n", count: 4_096), every: .zero, to: peer)
        }
        defer { server.stop() }
        let result = await way.say("PING", .to(server.path, connectTimeout: .milliseconds(200)))
        #expect(result.failure?.reason == .connectTimedOut)
    }
}
