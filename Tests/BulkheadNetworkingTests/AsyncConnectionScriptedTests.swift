@testable import BulkheadNetworking
import BulkheadRESP
import BulkheadTestSupport
import Foundation
import Testing

@Suite(.timeLimit(.minutes(10))) struct `An asynchronous connection to a strange server` {
    @Test func `replies may come byte by byte`() async throws {
        let server = tricklingServer()
        defer { server.stop() }
        let connection = AsyncConnection(.to(server.path))
        let right = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<20 {
                group.addTask {
                    let reply = await connection.send(command("ECHO token-\(number)")).value
                    return reply?.withoutAttributes == .bulkString(RESPBytes("token-\(number)"))
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(right == 20)
        await connection.close(grace: .seconds(30))
    }

    @Test func `no byte of a request leaves before SELECT has said OK`() async throws {
        let words = Locked<[String]>([])
        let (gate, isOver) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let server = ScriptedServer { peer in
            for _ in 0..<4 { words.change { [word = peer.readCommand()?[0] ?? ""] in $0.append(word) } }
            gate.wait()
            peer.write(hello + "+OK\r\n+OK\r\n-ERR DB index is out of range\r\n")
            while let more = peer.readCommand() { words.change { $0.append(more[0]) } }
            isOver.signal()
        }
        defer { server.stop() }
        let connection = AsyncConnection(.to(server.path, database: 99, connectTimeout: .seconds(300)))
        async let stored = connection.send(command("SET key value"))
        #expect(await eventually { words.value.count == 4 })
        gate.signal()
        let failure = await stored.failure
        // Queued, or refused where this task came to run after the refusal: not sent in either case.
        #expect(failure?.reason == .databaseOutOfRange && failure?.stage != .sent)
        await onThread { isOver.wait() }
        #expect(words.value == ["HELLO", "CLIENT", "CLIENT", "SELECT"])
    }

    @Test func `garbage fails all who wait`() async throws {
        let server = ScriptedServer.saying("what?\r\n", behind: 3)
        defer { server.stop() }
        let connection = AsyncConnection(.to(server.path))
        let failures = await withTaskGroup(of: ConnectionFailure?.self) { group in
            for _ in 0..<3 { group.addTask { await connection.send(command("PING")).failure } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(failures.count == 3)
        for failure in failures {
            guard case .protocolViolation = failure?.reason else {
                Issue.record("\(String(describing: failure)) is no protocol violation")
                continue
            }
            #expect(failure?.stage == .sent)
        }
        #expect(connection.isClosed)
    }

    @Test func `replies before the garbage are still delivered`() async throws {
        let server = ScriptedServer.saying("+PONG\r\nwhat?\r\n", behind: 2)
        defer { server.stop() }
        let connection = AsyncConnection(.to(server.path))
        let replies = await withTaskGroup(of: Result<RESPValue, ConnectionFailure>.self) { group in
            for _ in 0..<2 { group.addTask { await connection.send(command("PING")) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(replies.count { $0 == .success(.simpleString("PONG")) } == 1)
        #expect(replies.count { $0.failure != nil } == 1)
    }

    @Test func `a surplus reply reaches nobody and ends the connection`() async throws {
        let server = ScriptedServer.saying("+mine\r\n+whose?\r\n")
        defer { server.stop() }
        let connection = AsyncConnection(.to(server.path))
        #expect(await connection.send(command("PING")) == .success(.simpleString("mine")))
        #expect(await eventually { connection.isClosed })
        let failure = await connection.send(command("PING")).failure
        #expect(failure?.reason == .unsolicitedReply && failure?.stage == .refused)
    }

    @Test func `a reply beyond the limits is a violation`() async throws {
        let server = ScriptedServer.saying("$1000\r\n")
        defer { server.stop() }
        var settings = ConnectionSettings.to(server.path)
        settings.limits.bulkBytes = 999
        let failure = await AsyncConnection(settings).send(command("GET x")).failure
        guard case .protocolViolation(let violation) = failure?.reason else {
            Issue.record("\(String(describing: failure)) is no protocol violation")
            return
        }
        #expect(violation.kind == .bulkTooLong)
    }

    @Test func `pushes nobody keeps are dropped, and replies stay where they belong`() async throws {
        let server = ScriptedServer.answering { words in
            let push = ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n"
            return push + "$\(words[1].utf8.count)\r\n\(words[1])\r\n" + push
        }
        defer { server.stop() }
        let connection = AsyncConnection(.to(server.path))
        #expect(connection.pushes == nil)
        for number in 0..<100 {
            #expect(await connection.send(command("ECHO \(number)")) == .success(.bulkString(RESPBytes("\(number)"))))
        }
        await connection.close(grace: .seconds(30))
    }

    /// The poller reports the last bytes and the end once: whoever reads the bytes must look for the end.
    @Test(arguments: [0, 1_000, 100_000])
    func `last words and the hang-up may come at once, and nobody is left waiting`(_ length: Int) async throws {
        let words = String(repeating: "w", count: length)
        let server = ScriptedServer { peer in
            peer.shakeHands()
            for _ in 0..<4 { _ = peer.readCommand() }
            peer.write("$\(length)\r\n\(words)\r\n$4\r\nlast\r\n")
        }
        defer { server.stop() }
        let (replies, failures) = (Locked(0), Locked<[ConnectionFailure]>([]))
        for _ in 0..<100 {
            let connection = AsyncConnection(.to(server.path))
            for _ in 0..<4 {
                // Not awaited, so that a reply that never comes fails this test instead of hanging it.
                Task {
                    switch await connection.send(command("PING")) {
                    case .success: replies.change { $0 += 1 }
                    case .failure(let failure): failures.change { $0.append(failure) }
                    }
                }
            }
        }
        #expect(await eventually { replies.value + failures.value.count == 400 })
        #expect(replies.value == 200 && failures.value.count == 200)
        #expect(failures.value.allSatisfy { [.closedByServer, .inputOutput].contains($0.reason) })
    }

    @Test func `a server that hangs up with requests in the queue fails each of them`() async throws {
        let server = ScriptedServer { peer in
            peer.shakeHands()
            _ = peer.readCommand()
            peer.write("+one\r\n")
            for _ in 0..<4 { _ = peer.readCommand() }
        }
        defer { server.stop() }
        let connection = AsyncConnection(.to(server.path))
        let results = await withTaskGroup(of: Result<RESPValue, ConnectionFailure>.self) { group in
            for _ in 0..<5 { group.addTask { await connection.send(command("PING")) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.compactMap(\.value) == [.simpleString("one")])
        let failures = results.compactMap(\.failure)
        #expect(failures.count == 4)
        #expect(failures.allSatisfy { [.closedByServer, .inputOutput].contains($0.reason) })
        #expect(failures.allSatisfy { $0.stage == .sent })
    }
}
