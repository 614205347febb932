@testable import BulkheadNetworking
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Synchronization
import Testing

extension Deadline {
    static func after(_ time: Duration) -> Deadline { Deadline(after: Timeout(time)) }
}

@Suite(.timeLimit(.minutes(10))) struct `Callers who give up` {
    @Test func `cost one dropped reply each, and neighbours on the same connection notice nothing`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let connection = AsyncConnection(.to(server))
        let id = await connection.send(command("CLIENT ID")).value
        let outcomes = await withTaskGroup(of: (isRight: Bool, isCancelled: Bool).self) { group in
            // However late the server answers, fewer are given up at once than a connection puts up with.
            for number in 0..<2_000 {
                group.addTask {
                    let task = Task { await connection.send(command("ECHO token-\(number)")) }
                    if number.isMultiple(of: 2) {
                        if number.isMultiple(of: 4) { await Task.yield() }
                        task.cancel()
                    }
                    switch await task.value {
                    case .success(let reply): return (reply == .bulkString(RESPBytes("token-\(number)")), false)
                    case .failure(let failure):
                        return (failure.reason == .cancelled && number.isMultiple(of: 2), true)
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.allSatisfy { $0.isRight })
        #expect(outcomes.contains { $0.isCancelled }, "some were still under way")
        #expect(await connection.send(command("CLIENT ID")).value == id)
        await connection.close(grace: .seconds(30))
    }

    /// Long after the look that a busy connection has anyway, and with nothing that comes meanwhile.
    @Test func `while the server is silent get their turn without any deadline, alone and among others`() async throws {
        let server = ScriptedServer.answering { _ in nil }
        defer { server.stop() }
        let connection = AsyncConnection(.to(server.path))
        for count in [1, 1, 3_000] {
            let callers = (0..<count).map { number in Task { await connection.send(command("ECHO \(number)")) } }
            #expect(await eventually { connection.shared.withLock { $0.machine.queuedRequests >= count } })
            // So that nobody is asked only because they have just come.
            try await Task.sleep(for: .milliseconds(30))
            let others = callers.filter { _ in count > 1 }.enumerated().filter { $0.offset.isMultiple(of: 3) }
            for caller in count == 1 ? callers : others.map(\.element) { caller.cancel() }
            for caller in count == 1 ? callers : others.map(\.element) {
                #expect(await caller.value.failure?.reason == .cancelled)
            }
            for caller in callers { caller.cancel() }
            for caller in callers { #expect(await caller.value.failure?.reason == .cancelled) }
        }
        // It may have ended: the server owes it more replies that nobody wants than it puts up with.
        let isQuiet = await eventually { connection.shared.withLock { $0.cancellationLook == .never || $0.isGone } }
        #expect(isQuiet, "nobody is left to ask")
        connection.abort()
    }

    /// Shakes hands when the gate opens, and writes down what it is sent.
    private static func server(behind gate: DispatchSemaphore, _ words: Locked<[String]>) -> ScriptedServer {
        ScriptedServer { peer in
            gate.wait()
            peer.shakeHands()
            while let command = peer.readCommand() {
                words.change { $0.append(command.joined(separator: " ")) }
                peer.write("+fine\r\n")
            }
        }
    }

    @Test func `before anything was written have nothing written`() async throws {
        let gate = DispatchSemaphore(value: 0)
        let words = Locked<[String]>([])
        let server = Self.server(behind: gate, words)
        defer { server.stop() }
        let connection = AsyncConnection(.to(server.path, connectTimeout: .seconds(300)))
        let cancelled = Task { await connection.send(command("ECHO cancelled")) }
        let kept = Task { await connection.send(command("ECHO kept")) }
        let late = await connection.send(command("ECHO late"), until: .after(.milliseconds(20)))
        #expect(late.failure?.reason == .timedOut && late.failure?.stage == .connecting)
        cancelled.cancel()
        #expect(await cancelled.value.failure?.reason == .cancelled)
        gate.signal()
        #expect(await kept.value == .success(.simpleString("fine")))
        #expect(words.value == ["ECHO kept"])
        await connection.close(grace: .seconds(30))
    }

    @Test func `by thousands while a connection is made leave before it is ready, and never run`() async throws {
        let gate = DispatchSemaphore(value: 0)
        let words = Locked<[String]>([])
        let server = Self.server(behind: gate, words)
        defer { server.stop() }
        let connection = AsyncConnection(.to(server.path, connectTimeout: .seconds(300)))
        let callers = (0..<5_000).map { number in Task { await connection.send(command("ECHO \(number)")) } }
        #expect(await eventually { connection.shared.withLock { $0.machine.queuedRequests == callers.count } })
        for caller in callers { caller.cancel() }
        gate.signal()
        for caller in callers { #expect(await caller.value.failure?.reason == .cancelled) }
        #expect(await connection.send(command("ECHO end")).value == .simpleString("fine"))
        #expect(words.value == ["ECHO end"])
        await connection.close(grace: .seconds(30))
    }

    /// 2 MB, of which the socket takes a part and the connection hands out little more.
    @Test func `in a long queue that the server does not read are removed, and never run`() async throws {
        let (handshake, reading) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let keys = Locked<Set<String>>([])
        let server = ScriptedServer { peer in
            handshake.wait()
            peer.shakeHands()
            reading.wait()
            while let command = peer.readCommand() {
                keys.change { _ = $0.insert(command[1]) }
                peer.write("+OK\r\n")
            }
        }
        defer { server.stop() }
        let connection = AsyncConnection(.to(server.path, connectTimeout: .seconds(300)))
        let value = String(repeating: "x", count: 4_096)
        let callers = (0..<500).map { number in
            Task { await connection.send(command(["SET", "\(number)", value])) }
        }
        #expect(await eventually { connection.shared.withLock { $0.machine.queuedRequests == callers.count } })
        handshake.signal()
        #expect(await eventually { connection.shared.withLock { $0.writeWatch != nil } }, "the socket is full")
        for caller in callers { caller.cancel() }
        var removed: Set<String> = []
        for (number, caller) in callers.enumerated() {
            let failure = await caller.value.failure
            #expect(failure?.reason == .cancelled)
            if failure?.stage == .queued { removed.insert("\(number)") }
        }
        #expect(removed.count > callers.count / 2)
        reading.signal()
        #expect(await connection.send(command("ECHO end")).value == .simpleString("OK"))
        #expect(keys.value.count == callers.count - removed.count + 1)
        #expect(keys.value.isDisjoint(with: removed))
        await connection.close(grace: .seconds(30))
    }

    @Test(arguments: Way.allCases)
    func `because of a deadline leave a connection that serves the next one`(_ way: Way) async throws {
        let gate = DispatchSemaphore(value: 0)
        let server = ScriptedServer.answering { command in
            if command[1] == "slow" { gate.wait() }
            return "$\(command[1].utf8.count)\r\n\(command[1])\r\n"
        }
        defer { server.stop() }
        let settings = ConnectionSettings.to(server.path)
        let slow: Result<RESPValue, ConnectionFailure>, next: Result<RESPValue, ConnectionFailure>
        switch way {
        case .asynchronous:
            let connection = AsyncConnection(settings)
            _ = await connection.send(command("ECHO first"))
            slow = await Self.sentButLate(on: connection)
            gate.signal()
            next = await connection.send(command("ECHO next"))
            await connection.close(grace: .seconds(30))
        case .blocking:
            (slow, next) = await onThread {
                let connection = try! BlockingConnection(settings)
                _ = try? connection.send(command("ECHO first"))
                let slow = Result { () throws(ConnectionFailure) in
                    try connection.send(command("ECHO slow"), until: .after(.milliseconds(30)))
                }
                #expect(connection.isReusable)
                gate.signal()
                return (slow, Result { () throws(ConnectionFailure) in try connection.send(command("ECHO next")) })
            }
        }
        #expect(slow.failure?.reason == .timedOut && slow.failure?.stage == .sent)
        #expect(next == .success(.bulkString(RESPBytes("next"))))
        #expect(server.connectionCount == 1)
    }

    /// A request that left before its deadline was over, which on a busy machine takes timeout.
    private static func sentButLate(on connection: AsyncConnection) async -> Result<RESPValue, ConnectionFailure> {
        for timeout in [30, 300, 3_000] {
            let result = await connection.send(command("ECHO slow"), until: .after(.milliseconds(timeout)))
            if result.failure?.stage != .queued { return result }
        }
        return await connection.send(command("ECHO slow"), until: .after(.seconds(30)))
    }

    @Test func `while the server reads nothing learn that their bytes wait`() async throws {
        let gate = DispatchSemaphore(value: 0)
        let server = ScriptedServer { peer in
            peer.shakeHands()
            gate.wait()
        }
        defer { server.stop() }
        let connection = AsyncConnection(.to(server.path))
        let large = command(["SET", "big", String(repeating: "x", count: 8 << 20)])
        async let writing = connection.send(large, until: .after(.milliseconds(200)))
        async let queued = connection.send(command("PING"), until: .after(.milliseconds(300)))
        #expect(await writing.failure?.reason == .timedOut)
        let failure = await queued.failure
        #expect(failure?.reason == .timedOut && failure?.stage != .refused)
        gate.signal()
        connection.abort()
    }

    @Test func `a reply of a hundred megabytes that nobody wants is not read to its end`() async throws {
        let (isCancelled, isOver) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let sent = Locked(0)
        let server = ScriptedServer { peer in
            peer.shakeHands()
            _ = peer.readCommand()
            peer.write("$104857600\r\n")
            let chunk = [UInt8](repeating: 120, count: 1 << 20)
            for number in 0..<100 {
                // Nobody reads faster than a cancel comes.
                if number == 3 { isCancelled.wait() }
                if peer.write(bytes: chunk) { sent.change { $0 += 1 } }
            }
            isOver.signal()
        }
        defer { server.stop() }
        let connections = Node(.to(server.path), .upTo(1))
        let task = Task { try await connections.send(command("GET huge"), on: .shared) }
        #expect(await eventually { sent.value > 2 })
        task.cancel()
        let result = await task.result
        isCancelled.signal()
        #expect(throws: ConnectionFailure.self) { try result.get() }
        await onThread { isOver.wait() }
        #expect(sent.value < 100)
        await connections.close(grace: .seconds(30))
    }

    @Test func `in a pool leave its queue at their deadline`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let pool = AsyncPool(.to(server), .upTo(1))
        let lease = try await pool.lease()
        let failure = await failure { () async throws(ConnectionFailure) in
            _ = try await pool.lease(until: .after(.milliseconds(30)))
        }
        #expect(failure?.reason == .timedOut && failure?.stage == .queued)
        #expect(pool.waiterCount == 0)
        pool.release(lease, reusable: true)
        await pool.close(grace: .zero)

        let blocking = BlockingPool(.to(server), .upTo(1))
        let refused = await onThread { () -> ConnectionFailure? in
            let lease = try? blocking.lease()
            defer { withExtendedLifetime(lease) {} }
            let timeout = Deadline.after(.milliseconds(30))
            return Result { () throws(ConnectionFailure) in try blocking.lease(until: timeout) }.failure
        }
        #expect(refused?.reason == .timedOut)
        blocking.close(grace: .zero)
    }
}
