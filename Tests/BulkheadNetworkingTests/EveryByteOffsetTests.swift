@testable import BulkheadNetworking
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Synchronization
import Testing

extension Conversation {
    static let all = [
        Conversation("handshake and GET in RESP3", (.replies(["GET name"]), "$5\r\nalice\r\n")),
        Conversation("handshake and GET in RESP2", version: .resp2, (.replies(["GET name"]), "$5\r\nalice\r\n")),
        fallback,
        Conversation(
            "MGET and an integer", (.replies(["MGET a b c"]), "*3\r\n$3\r\none\r\n_\r\n$5\r\nt\r\nee\r\n"),
            (.replies(["DBSIZE"]), ":1234567\r\n")),
        Conversation("HGETALL", (.replies(["HGETALL h"]), "%2\r\n$1\r\na\r\n$2\r\n12\r\n$1\r\nb\r\n$0\r\n\r\n")),
        Conversation(
            "pipeline",
            (
                .replies(["INCR n", "GET name", "GET none", "LPUSH n x", "MGET a b"]),
                ":42\r\n$5\r\nalice\r\n_\r\n-WRONGTYPE no list\r\n*2\r\n$1\r\n1\r\n,2.5\r\n"
            ), (.replies(["ECHO end"]), "$3\r\nend\r\n")),
        Conversation(
            "MULTI",
            (
                .replies(["MULTI", "INCR n", "GET n", "EXEC"]),
                "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n$1\r\n1\r\n"
            ), (.replies(["PING"]), "+PONG\r\n")),
        Conversation(
            "subscription in RESP3",
            (.confirmation("SUBSCRIBE a"), ">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"),
            (.push, ">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$5\r\nhello\r\n")),
        Conversation(
            "subscription in RESP2", version: .resp2,
            (.confirmation("SUBSCRIBE a"), "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"),
            (.push, "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$5\r\nhello\r\n")),
        Conversation(
            "invalidation between replies",
            (.replies(["GET a", "GET b"]), "$1\r\n1\r\n>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n$1\r\n2\r\n"),
            (.replies(["GET a"]), ">2\r\n$10\r\ninvalidate\r\n_\r\n$1\r\n3\r\n")),
    ]

    /// A server that knows no HELLO, and wants a password.
    static let fallback: Conversation = {
        var conversation = Conversation("handshake that falls back", (.replies(["GET name"]), "$5\r\nalice\r\n"))
        conversation.settings.password = "sesame"
        conversation.handshake = [
            (4, "-ERR unknown command 'HELLO'\r\n" + String(repeating: "-NOAUTH login first\r\n", count: 3)),
            (2, "+OK\r\n+OK\r\n"),
        ]
        return conversation
    }()
}

/// A scripted server with known bytes behind a fault proxy, which counts them.
@Suite(.timeLimit(.minutes(10))) struct `A conversation at every byte offset` {
    /// A server and a proxy for one conversation, and what the client says before its first request.
    private final class Line: Sendable {
        let server: ScriptedServer
        let proxy: FaultProxy
        let conversation: Conversation
        let way: Way

        init(_ conversation: Conversation, _ way: Way) {
            server = conversation.server()
            proxy = FaultProxy(to: server.path)
            self.conversation = conversation
            self.way = way
        }

        /// Holds the conversation once with these faults; also says how many bytes the client sent.
        func hold(
            _ faults: [FaultProxy.Fault], _ direction: FaultProxy.Direction = .toClient, asksAfterwards: Bool = true
        ) async throws -> (result: ConversationResult, sent: Int) {
            proxy[direction] = faults
            let before = proxy.byteCount(.toServer)
            let result = await conversation.hold(way, at: proxy.path, asksAfterwards: asksAfterwards)
            // Whatever went wrong ends here, so that nothing of it is seen in the next round.
            proxy.disconnect()
            return (try #require(result, "the client hangs with \(faults)"), proxy.byteCount(.toServer) - before)
        }

        /// Bytes the client sends before its first request.
        func handshakeSize() async throws -> Int {
            try await hold([], asksAfterwards: false).sent - conversation.requestBytes.reduce(0, +)
        }

        deinit {
            proxy.stop()
            server.stop()
        }
    }

    @Test(arguments: Conversation.all, Way.allCases)
    func `a boundary anywhere changes nothing`(_ conversation: Conversation, _ way: Way) async throws {
        let line = Line(conversation, way)
        for offset in conversation.offsets.dropLast() {
            let result = try await line.hold([.boundary(at: offset)], asksAfterwards: false).result
            #expect(result.values == conversation.expected, "\(result.failure?.message ?? "") at \(offset)")
        }
    }

    @Test(arguments: Conversation.all, Way.allCases)
    func `pieces of any size change nothing`(_ conversation: Conversation, _ way: Way) async throws {
        let line = Line(conversation, way)
        line.proxy[.toServer] = [.slices(of: 1)]
        for size in 1...20 {
            let result = try await line.hold([.slices(of: size)], asksAfterwards: false).result
            #expect(result.values == conversation.expected, "\(result.failure?.message ?? "") in pieces of \(size)")
        }
    }

    @Test(arguments: Conversation.all, Way.allCases)
    func `an end anywhere leaves whole replies, and a failure that says how far the request came`(
        _ conversation: Conversation, _ way: Way
    ) async throws {
        let line = Line(conversation, way)
        let handshakeSize = try await line.handshakeSize()
        for offset in conversation.offsets.dropLast() {
            let (result, sent) = try await line.hold([.cut(after: offset)])
            let whole = conversation.ends.prefix { $0 <= offset }.count
            #expect(result.values == Array(conversation.expected[..<whole]), "cut at \(offset)")
            expectHonestEnd(result, sent, handshakeSize, conversation, "cut at \(offset)")
            if offset < conversation.handshakeEnd { #expect(result.failure?.stage != .sent) }
        }
    }

    @Test(arguments: Conversation.all, Way.allCases)
    func `a request cut anywhere fails, and those before have their replies`(
        _ conversation: Conversation, _ way: Way
    ) async throws {
        let line = Line(conversation, way)
        let handshakeSize = try await line.handshakeSize()
        var begin = 0
        for (turn, size) in ([handshakeSize] + conversation.requestBytes).enumerated() {
            defer { begin += size }
            if turn == 0, !conversation.isAboutHandshake { continue }
            // At the end of a request its reply may be faster than the cut.
            for offset in begin..<begin + size {
                let (result, sent) = try await line.hold([.cut(after: offset)], .toServer)
                let (whole, values) = (max(0, turn - 1), result.values)
                #expect(values == Array(conversation.expected.prefix(values.count)), "request cut at \(offset)")
                #expect(values.count >= (offset == begin ? whole - 1 : whole) && values.count <= whole)
                expectHonestEnd(result, sent, handshakeSize, conversation, "request cut at \(offset)")
                if turn > 0, offset > begin { #expect(result.failure?.stage == .sent) }
                if turn == 0 { #expect(result.failure?.stage != .sent) }
            }
        }
    }

    /// The connection was ended from outside, and the failure says of the request under way what is true.
    private func expectHonestEnd(
        _ result: ConversationResult, _ sent: Int, _ handshakeSize: Int, _ conversation: Conversation,
        _ comment: Comment
    ) {
        let reason = result.failure?.reason
        #expect(reason == .closedByServer || reason == .inputOutput, comment)
        if let afterwards = result.afterwards { #expect(afterwards.failure?.stage == .refused, comment) }
        expectHonestFailure(result, sent, handshakeSize, conversation, comment)
    }

    /// A request of which a byte left says so.
    private func expectHonestFailure(
        _ result: ConversationResult, _ sent: Int, _ handshakeSize: Int, _ conversation: Conversation,
        _ comment: Comment
    ) {
        guard let failure = result.failure else { return }
        let asked = conversation.requestBytes[..<(result.turns.count - 1)].reduce(handshakeSize, +)
        let isAsking = conversation.requestBytes[result.turns.count - 1] > 0
        if isAsking, sent > asked { #expect(failure.stage == .sent, comment) }
    }

    @Test(arguments: Conversation.all, Way.allCases)
    func `garbage anywhere ends the connection behind the replies that were whole`(
        _ conversation: Conversation, _ way: Way
    ) async throws {
        try await insert([0], in: conversation, way)
    }

    @Test(arguments: Conversation.all.filter { !$0.isSubscribing }, Way.allCases)
    func `a surplus reply anywhere ends the connection`(_ conversation: Conversation, _ way: Way) async throws {
        try await insert(Array("+OK\r\n".utf8), in: conversation, way)
    }

    private func insert(_ bytes: [UInt8], in conversation: Conversation, _ way: Way) async throws {
        let line = Line(conversation, way)
        let handshakeSize = try await line.handshakeSize()
        for offset in conversation.offsets {
            let (result, sent) = try await line.hold([.insertion(bytes, at: offset)])
            try expect(result, matches: conversation, with: bytes, at: offset)
            expectHonestFailure(result, sent, handshakeSize, conversation, "\(bytes.count) bytes at \(offset)")
        }
    }

    /// Nobody got what the changed stream does not say, and nobody gets anything behind what is wrong with it.
    private func expect(
        _ result: ConversationResult, matches conversation: Conversation, with inserted: [UInt8], at offset: Int
    ) throws {
        let comment: Comment = "\(inserted.count) bytes at \(offset)"
        if offset <= conversation.handshakeEnd {
            // A byte in an answer that does not matter goes unnoticed.
            let isUnnoticed = inserted.count == 1 && result.values == conversation.expected
            #expect(isUnnoticed || result.values.isEmpty, comment)
            #expect(isUnnoticed || result.failure != nil && result.failure?.stage != .sent, comment)
            return
        }
        var (begin, expected, isBroken) = (conversation.handshakeEnd, [[RESPValue]](), false)
        for turn in conversation.turns where !isBroken {
            var answer = Array(turn.answer.utf8)
            let end = begin + answer.count
            if offset > begin, offset <= end { answer.insert(contentsOf: inserted, at: offset - begin) }
            begin = end
            var decoder = RESPDecoder()
            decoder.feed(answer)
            var values: [RESPValue] = []
            do {
                try decoder.decode(into: &values)
            } catch {
                isBroken = true
            }
            values = turn.kept(values)
            if values.count >= turn.valueCount { expected.append(Array(values[..<turn.valueCount])) }
            if values.count != turn.valueCount { isBroken = true }
        }
        try #require(result.values == expected, comment)
        guard isBroken else { return }
        switch result.afterwards?.failure?.reason {
        case .protocolViolation, .unsolicitedReply: #expect(result.afterwards?.failure?.stage != .sent)
        default: Issue.record("\(String(describing: result.afterwards)), \(comment)")
        }
    }

    /// The surplus is there before the next request is sent, so it cannot be that one's reply.
    @Test(arguments: ["+whose?\r\n", "$6\r\nwhose?\r\n", "*1\r\n+whose?\r\n"], Way.allCases)
    func `a surplus reply between two requests is not the reply of the second`(
        _ surplus: String, _ way: Way
    ) async throws {
        let (hasFirst, isThere) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let server = ScriptedServer { peer in
            peer.shakeHands()
            _ = peer.readCommand()
            peer.write("+first\r\n")
            hasFirst.wait()
            peer.write(surplus)
            isThere.signal()
            while peer.readCommand() != nil { peer.write("+second\r\n") }
        }
        defer { server.stop() }
        let replies = await withinAMinute { () -> [Result<RESPValue, ConnectionFailure>] in
            switch way {
            case .asynchronous:
                let connection = AsyncConnection(.to(server.path))
                let first = await connection.send(command("GET first"))
                // Until then it may be about to write whatever comes, having looked for replies already.
                _ = await eventually { connection.isResting.load(ordering: .relaxed) }
                await onThread {
                    hasFirst.signal()
                    isThere.wait()
                }
                return [first, await connection.send(command("GET second"))]
            case .blocking:
                return await onThread {
                    guard let connection = try? BlockingConnection(.to(server.path)) else { return [] }
                    return (0..<2).map { number in
                        if number == 1 {
                            hasFirst.signal()
                            isThere.wait()
                        }
                        return Result { () throws(ConnectionFailure) in try connection.send(command("GET \(number)")) }
                    }
                }
            }
        }
        #expect(replies?.first == .success(.simpleString("first")))
        #expect(replies?.last?.failure?.reason == .unsolicitedReply, "\(replies ?? [])")
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A real session cut at every offset` {
    @Test(arguments: [RESPVersion.resp2, .resp3], Way.allCases)
    func `a real server's session cut anywhere gives the value or a failure`(
        _ version: RESPVersion, _ way: Way
    ) async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        try Probe(server).say("SET name alice")
        let proxy = FaultProxy(to: server.socketPath)
        defer { proxy.stop() }
        var conversation = Conversation("GET", version: version, (.replies(["GET name"]), "$5\r\nalice\r\n"))
        conversation.settings.database = 0
        proxy[.toClient] = [.slices(of: 1)]
        let whole = try #require(await conversation.hold(way, at: proxy.path, asksAfterwards: false))
        #expect(whole.values == conversation.expected)
        let size = proxy.byteCount(.toClient)
        // HELLO tells a number of the connection, which grows by a digit or two meanwhile.
        for offset in 0..<size + 2 {
            proxy[.toClient] = [.cut(after: offset)]
            let result = try #require(await conversation.hold(way, at: proxy.path), "hangs, cut at \(offset)")
            proxy.disconnect()
            if let failure = result.failure {
                #expect(failure.reason == .closedByServer || failure.reason == .inputOutput, "cut at \(offset)")
                #expect(result.values.isEmpty, "cut at \(offset)")
            } else {
                #expect(result.values == conversation.expected && offset >= size, "cut at \(offset)")
            }
        }
    }
}
