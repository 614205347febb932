@testable import BulkheadNetworking
import BulkheadRESP
import BulkheadTestSupport
import Dispatch
import Testing

/// Answers the first command by a hundred megabytes once `gate` is open, and knows how many of them were taken.
private final class LongWindedServer: Sendable {
    let gate = DispatchSemaphore(value: 0)
    let hasBegun = DispatchSemaphore(value: 0)
    let isOver = DispatchSemaphore(value: 0)
    let sent = Locked(0)

    func start() -> ScriptedServer {
        ScriptedServer { [self] peer in
            peer.shakeHands()
            guard peer.readCommand()?[0] == "GET" else { return }
            gate.wait()
            peer.write("$104857600\r\n")
            hasBegun.signal()
            let chunk = [UInt8](repeating: 120, count: 1 << 20)
            // Slower than the client's timeout, so that it comes back before all is sent.
            for _ in 0..<100 where peer.write(bytes: chunk) {
                sent.change { $0 += 1 }
                sleepThread(for: .milliseconds(10))
            }
            isOver.signal()
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A long reply that nobody waits for, on a blocking connection,` {
    @Test func `is not read to its end: the connection takes no new requests`() async throws {
        let winded = LongWindedServer()
        let server = winded.start()
        defer { server.stop() }
        let reasons = await onThread { () -> [ConnectionFailure.Reason?] in
            guard let connection = try? BlockingConnection(.to(server.path)) else { return [] }
            let timeout = Duration.milliseconds(200)
            var reasons = [failure { _ = try connection.send(command("GET huge"), until: .after(timeout)) }?.reason]
            winded.gate.signal()
            for _ in 0..<200 where reasons.last != .closed {
                reasons.append(failure { _ = try connection.send(command("PING"), until: .after(timeout)) }?.reason)
            }
            #expect(!connection.isIdle)
            return reasons
        }
        #expect(reasons.first == .timedOut)
        #expect(reasons.last == .closed)
        await onThread { winded.isOver.wait() }
        #expect(winded.sent.value < 100)
    }

    @Test func `does not go with the connection to the next leaseholder`() async throws {
        let winded = LongWindedServer()
        let server = winded.start()
        defer { server.stop() }
        let isAnother = await onThread { () -> Bool? in
            let pool = BlockingPool(.to(server.path), .upTo(1))
            guard let first = try? pool.lease() else { return nil }
            _ = try? first.send(command("GET huge"), until: .after(.milliseconds(200)))
            pool.release(first, reusable: true)
            winded.gate.signal()
            winded.hasBegun.wait()
            guard let second = try? pool.lease() else { return nil }
            defer { pool.release(second, reusable: true) }
            return second !== first && pool.leasedCount == 1
        }
        #expect(isAnother == true)
        await onThread { winded.isOver.wait() }
        #expect(winded.sent.value < 100)
    }
}
