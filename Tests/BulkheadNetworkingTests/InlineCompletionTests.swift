@testable import BulkheadNetworking
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Dispatch
import Foundation
import Testing

extension ConnectionSettings {
    func spinning(for time: Duration) -> ConnectionSettings {
        var settings = self
        settings.spinTime = time
        return settings
    }
}

@Suite(.timeLimit(.minutes(10))) struct `Inline completion` {
    @Test func `serves a lone caller, commands and pipelines, and none where it is turned off`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        for (time, isExpected) in [(Duration.milliseconds(20), true), (.zero, false)] {
            let connection = AsyncConnection(.to(server).spinning(for: time))
            for number in 0..<100 {
                #expect(await connection.send(command("ECHO \(number)")).value == .bulkString(RESPBytes("\(number)")))
                let pair = await connection.sendAll(commands("ECHO a\(number)", "ECHO b\(number)"), count: 2)
                #expect(try pair.get() == [.bulkString(RESPBytes("a\(number)")), .bulkString(RESPBytes("b\(number)"))])
            }
            if isExpected {
                // Others may spin as well, so that a call may find no place for a long time; and with one thread for
                // all tasks the next call is always there before the connection rests, unless it pauses.
                while connection.inlineCompletions == 0 {
                    _ = await connection.send(command("PING"))
                    try await Task.sleep(for: .milliseconds(1))
                }
            } else {
                #expect(connection.inlineCompletions == 0)
            }
            await connection.close(grace: .seconds(30))
        }
    }

    @Test func `sends nothing for a caller who is late already`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let connection = AsyncConnection(.to(server).spinning(for: .milliseconds(20)))
        while connection.inlineCompletions == 0 {
            _ = await connection.send(command("PING"))
            try await Task.sleep(for: .milliseconds(1))
        }
        for _ in 0..<100 {
            let failure = await connection.send(command("INCR count"), until: .after(.zero)).failure
            #expect(failure?.reason == .timedOut && failure?.stage == .queued)
            _ = await connection.send(command("PING"))
            try await Task.sleep(for: .milliseconds(1))
        }
        #expect(await connection.send(command("GET count")).value == .null)
        await connection.close(grace: .seconds(30))
    }

    @Test func `callers who come and go at random get their own replies`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        for time in [Duration.microseconds(1), .microseconds(50), .milliseconds(20)] {
            let connection = AsyncConnection(.to(server).spinning(for: time))
            let wrong = await withTaskGroup(of: Int.self) { group in
                for caller in 0..<6 {
                    group.addTask {
                        var random = SeededGenerator(seed: UInt64(caller))
                        var wrong = 0
                        for number in 0..<500 {
                            let word = "\(caller)-\(number)"
                            let reply = await connection.send(command("ECHO \(word)")).value
                            if reply != .bulkString(RESPBytes(word)) { wrong += 1 }
                            for _ in 0..<Int.random(in: 0..<4, using: &random) { await Task.yield() }
                            if number % 100 == 0 { try? await Task.sleep(for: .milliseconds(12)) }
                        }
                        return wrong
                    }
                }
                return await group.reduce(0, +)
            }
            #expect(wrong == 0)
            await connection.close(grace: .seconds(30))
        }
    }

    @Test func `a reply that comes too late for it comes all the same`() async throws {
        let server = ScriptedServer.answering { words in
            Thread.sleep(forTimeInterval: 0.003)
            return "$\(words[1].utf8.count)\r\n\(words[1])\r\n"
        }
        defer { server.stop() }
        let connection = AsyncConnection(.to(server.path).spinning(for: .microseconds(100)))
        for number in 0..<100 {
            #expect(await connection.send(command("ECHO \(number)")).value == .bulkString(RESPBytes("\(number)")))
        }
        await connection.close(grace: .seconds(30))
    }

    @Test func `a hang-up since the last reply is learnt before the next request, which a new connection takes`()
        async throws
    {
        let hangUps = DispatchSemaphore(value: 0)
        let server = ScriptedServer { peer in
            peer.shakeHands()
            for _ in 0..<2 where peer.readCommand() != nil { peer.write("+OK\r\n") }
            peer.hangUp()
            hangUps.signal()
        }
        defer { server.stop() }
        let database = Node(.to(server.path).spinning(for: .milliseconds(20)), .upTo(1))
        for _ in 0..<100 {
            for _ in 0..<2 {
                #expect(try await database.send(command("PING"), on: .shared) == .simpleString("OK"))
            }
            // Within the idle time nobody watches for it.
            await onThread { hangUps.wait() }
        }
        #expect(server.connectionCount == 100)
        await database.close(grace: .zero)
    }

    @Test func `an idle connection sees the hang-up without a request`() async throws {
        let server = ScriptedServer { peer in
            peer.shakeHands()
            for _ in 0..<50 where peer.readCommand() != nil { peer.write("+OK\r\n") }
            Thread.sleep(forTimeInterval: 0.05)
        }
        defer { server.stop() }
        let connection = AsyncConnection(.to(server.path).spinning(for: .milliseconds(20)))
        for _ in 0..<50 { #expect(await connection.send(command("PING")).value == .simpleString("OK")) }
        #expect(await eventually { connection.isClosed })
    }

    /// After several numbers of requests, as not each of them finds the connection at rest.
    @Test(arguments: 30..<50)
    func `a surplus reply behind an inline one ends the connection without another request`(before: Int) async throws {
        let server = ScriptedServer { peer in
            peer.shakeHands()
            for _ in 0..<before where peer.readCommand() != nil { peer.write("+OK\r\n") }
            _ = peer.readCommand()
            peer.write("+OK\r\n+whose?\r\n")
            peer.drain()
        }
        defer { server.stop() }
        let connection = AsyncConnection(.to(server.path).spinning(for: .milliseconds(20)))
        for _ in 0...before { #expect(await connection.send(command("PING")).value == .simpleString("OK")) }
        #expect(await eventually { connection.isClosed })
    }

    @Test func `garbage and a cut end the connection for the caller who reads them`() async throws {
        for (answer, isViolation) in [("what?\r\n", true), ("$100\r\ncut", false)] {
            let server = ScriptedServer { peer in
                peer.shakeHands()
                for _ in 0..<40 where peer.readCommand() != nil { peer.write("+OK\r\n") }
                _ = peer.readCommand()
                peer.write(answer)
            }
            defer { server.stop() }
            let connection = AsyncConnection(.to(server.path).spinning(for: .milliseconds(20)))
            for _ in 0..<40 { #expect(await connection.send(command("PING")).value == .simpleString("OK")) }
            let failure = try #require(await connection.send(command("PING")).failure)
            #expect(failure.stage == .sent)
            if case .protocolViolation = failure.reason { #expect(isViolation) } else { #expect(!isViolation) }
            #expect(await eventually { connection.isClosed })
        }
    }

    /// More lone callers than there are threads to run tasks, each with half the time to spin that the server takes to
    /// answer: were failures forgotten, or spinners not counted, these would hold the threads half of the time.
    @Test func `lone callers of many databases keep nobody else from running`() async throws {
        let server = ScriptedServer.answering { _ in
            Thread.sleep(forTimeInterval: 0.002)
            return "+OK\r\n"
        }
        defer { server.stop() }
        let callers = 4 * ProcessInfo.processInfo.activeProcessorCount
        let calls = 50
        let left = Locked(callers)
        let turns = await withTaskGroup(of: Int.self) { group in
            for database in 0..<callers {
                group.addTask {
                    let settings = ConnectionSettings.to(server.path, database: database)
                    let connection = AsyncConnection(settings.spinning(for: .milliseconds(1)))
                    for _ in 0..<calls { #expect(await connection.send(command("PING")).value == .simpleString("OK")) }
                    await connection.close(grace: .seconds(30))
                    left.change { $0 -= 1 }
                    return 0
                }
            }
            group.addTask {
                var turns = 0
                while left.value > 0 {
                    await Task.yield()
                    turns += 1
                }
                return turns
            }
            return await group.reduce(0, +)
        }
        #expect(turns > calls, "a turn and more for each round of calls")
    }
}
