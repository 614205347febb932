@testable import BulkheadNetworking
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Synchronization
import Testing

/// What holds for any layer under a connection, by one that makes it as hard as it may.
@Suite("A byte stream", .enabled(if: !TLSUnderTest.isOn), .timeLimit(.minutes(10))) struct ByteStreamTests {
    let log = ScriptedLayer.Log()

    @Test(arguments: Way.allCases)
    func `carries a conversation through a layer that must write before it reads`(way: Way) async throws {
        let server = try RedisTestServer.start()
        let settings = ConnectionSettings.to(server).through(log)
        let long = String(repeating: "0123456789", count: 20_000)
        #expect(await way.say("SET long \(long)", settings).value?.bytes?.text == "OK")
        #expect(await way.say("GET long", settings).value?.bytes?.text == long)
        #expect(log.handshakes.load(ordering: .relaxed) == 2)
        #expect(log.linesSent.load(ordering: .relaxed) > 0)
        server.stop()
    }

    @Test func `carries many callers of one connection`() async throws {
        let server = try RedisTestServer.start()
        let connection = AsyncConnection(ConnectionSettings.to(server).through(log))
        await withTaskGroup(of: Bool.self) { group in
            for caller in 0..<50 {
                group.addTask {
                    for round in 0..<20 {
                        let word = "\(caller)-\(round)"
                        let reply = await connection.send(command("ECHO \(word)")).value
                        if reply?.bytes?.text != word { return false }
                    }
                    return true
                }
            }
            for await isRight in group { #expect(isRight) }
        }
        await connection.close(grace: .seconds(30))
        server.stop()
    }

    @Test func `gives all that one look at the socket brought, though a layer hands it out in portions`() throws {
        let server = try RedisTestServer.start()
        let settings = ConnectionSettings.to(server).through(log)
        let stream = try ByteStream.open(settings, until: .now + .seconds(30))
        defer { stream.close() }
        let wire = Wire(stream, settings)
        wire.put(commands("PING one", "PING two", "PING three"))
        #expect(try wire.write { _ in })
        while try !wire.receive() { _ = wire.wait(alsoToWrite: false, milliseconds: 1_000) }
        var values: [RESPValue] = []
        try wire.decode(into: &values)
        #expect(values.map { $0.bytes?.text } == ["one", "two", "three"])
        server.stop()
    }

    @Test func `says its end behind the replies that came before it`() throws {
        let server = ScriptedServer { peer in
            _ = peer.readCommand()
            peer.write("+PONG\r\n+one\r\n+two\r\n")
        }
        defer { server.stop() }
        let settings = ConnectionSettings.to(server.path).through(log)
        let stream = try ByteStream.open(settings, until: .now + .seconds(30))
        defer { stream.close() }
        let wire = Wire(stream, settings)
        // Likely time enough for the end to come with them; either way the order is the same.
        sleepThread(for: .milliseconds(50))
        var values: [RESPValue] = []
        var end: ConnectionFailure?
        while end == nil {
            do {
                if try wire.receive() {
                    try wire.decode(into: &values)
                } else {
                    _ = wire.wait(alsoToWrite: false, milliseconds: 10)
                }
            } catch {
                end = error
            }
        }
        #expect(values.map { $0.bytes?.text } == ["one", "two"])
        #expect(end?.reason == .closedByServer)
        // And again.
        #expect(failure { _ = try wire.receive() }?.reason == .closedByServer)
    }

    @Test(arguments: Way.allCases)
    func `ends a layer's handshake at the deadline of connecting`(way: Way) async {
        let silent = ScriptedServer { $0.drain() }
        defer { silent.stop() }
        var settings = ConnectionSettings.to(silent.path).through(log)
        settings.connectTimeout = .milliseconds(100)
        let failure = await way.say("PING", settings).failure
        #expect(failure?.reason == .connectTimedOut)
        #expect(failure?.message.contains("the layer's handshake") == true)
        #expect(log.made.load(ordering: .relaxed) == log.ended.load(ordering: .relaxed))
    }

    @Test func `gives up a layer's handshake when its owner does`() async {
        let silent = ScriptedServer { $0.drain() }
        defer { silent.stop() }
        var settings = ConnectionSettings.to(silent.path).through(log)
        settings.connectTimeout = .seconds(600)
        let connection = AsyncConnection(settings)
        #expect(await eventually { log.made.load(ordering: .relaxed) == 1 })
        connection.abort()
        await connection.closed()
        #expect(await eventually { log.ended.load(ordering: .relaxed) == 1 })
    }

    @Test(arguments: Way.allCases)
    func `lets its layer say goodbye once`(way: Way) async throws {
        let server = try RedisTestServer.start()
        for _ in 0..<3 { _ = await way.say("PING", ConnectionSettings.to(server).through(log)) }
        // Whose handshake fails behind the layer's.
        #expect(await way.say("PING", ConnectionSettings.to(server, database: 99).through(log)).failure != nil)
        // Who is hung up on.
        _ = await way.say("CLIENT KILL TYPE normal SKIPME no", ConnectionSettings.to(server).through(log))
        #expect(await eventually { log.ended.load(ordering: .relaxed) == 5 })
        #expect(log.made.load(ordering: .relaxed) == 5)
        server.stop()
    }

    // An older server would go on behind the snapshot.
    @Test(.enabled(if: ServerUnderTest.isAtLeast(redis: 7, 0)))
    func `is what a snapshot comes through`() throws {
        let server = try RedisTestServer.start(.init(arguments: ["--repl-diskless-sync-delay", "0"]))
        let probe = try Probe(server)
        for number in 0..<100 { try probe.say("SET key:\(number) \(String(repeating: "v", count: 1_000))") }
        let plain = try Self.snapshot(.to(server))
        let layered = try Self.snapshot(ConnectionSettings.to(server).through(log, portion: 100))
        #expect(plain.count > 1_000)
        #expect(layered.prefix(9) == plain.prefix(9))
        // They differ in the times and sizes that a server writes into them.
        #expect(abs(layered.count - plain.count) < 64)
        #expect(log.linesSent.load(ordering: .relaxed) > 0)
        server.stop()
    }

    private static func snapshot(_ settings: ConnectionSettings) throws -> [UInt8] {
        let connection = try BlockingConnection(settings)
        _ = try connection.send(command("REPLCONF capa eof"))
        _ = try connection.send(command("REPLCONF rdb-only 1"))
        try connection.writeBytes(command("SYNC"), silence: .seconds(60))
        var bytes: [UInt8] = []
        var space = [UInt8](repeating: 0, count: 4_096)
        while true {
            do {
                let count = try space.withUnsafeMutableBytes {
                    try connection.readBytes(into: $0, silence: .seconds(60)) { true }
                }
                bytes += space[..<count]
            } catch let failure as ConnectionFailure where failure.reason == .closedByServer {
                // Behind keep-alives and the line that says how the snapshot ends.
                return bytes.firstIndex(of: UInt8(ascii: "R")).map { Array(bytes[$0...]) } ?? []
            }
        }
    }
}
