@testable import BulkheadNetworking
import BulkheadRESP
import BulkheadTestSupport
import Foundation
import Synchronization
import Testing

/// What a client asks, turn by turn, and every byte a server says to it.
struct Conversation: Sendable, CustomTestStringConvertible {
    enum Ask: Sendable {
        /// Commands in one write.
        case replies([String])
        case confirmation(String)
        /// Nothing: the client waits for what is pushed.
        case push
    }

    struct Turn: Sendable {
        let ask: Ask
        let answer: String

        var lines: [String] {
            switch ask {
            case .replies(let lines): lines
            case .confirmation(let line): [line]
            case .push: []
            }
        }

        /// How many values end it.
        var valueCount: Int { max(1, lines.count) }

        /// The values of `wire` that this turn's caller gets.
        func kept(_ values: [RESPValue]) -> [RESPValue] {
            guard case .replies = ask else { return values }
            return values.filter { if case .push = $0 { false } else { true } }
        }
    }

    let testDescription: String
    var settings = ConnectionSettings.to("", database: 2)
    /// Commands of the handshake that are read before each answer.
    var handshake = [(commands: 4, answer: hello + "+OK\r\n+OK\r\n+OK\r\n")]
    let turns: [Turn]
    /// The others have a handshake too, which needs no second look.
    var isAboutHandshake = false

    init(_ name: String, version: RESPVersion = .resp3, _ turns: (Ask, String)...) {
        testDescription = name
        isAboutHandshake = name.hasPrefix("handshake")
        self.turns = turns.map { Turn(ask: $0.0, answer: $0.1) }
        guard version == .resp2 else { return }
        settings.version = .resp2
        handshake = [(4, "+OK\r\n+OK\r\n:7\r\n+OK\r\n")]
    }

    var handshakeEnd: Int { handshake.reduce(0) { $0 + $1.answer.utf8.count } }

    /// Where each turn's answer ends among the server's bytes.
    var ends: [Int] {
        turns.indices.map { handshakeEnd + turns[...$0].reduce(0) { $0 + $1.answer.utf8.count } }
    }

    /// What is worth a look among the server's bytes.
    var offsets: ClosedRange<Int> { (isAboutHandshake ? 0 : handshakeEnd + 1)...byteCount }
    var byteCount: Int { ends.last ?? handshakeEnd }
    var requestBytes: [Int] { turns.map { $0.lines.reduce(0) { $0 + command($1).count } } }
    var expected: [[RESPValue]] { turns.map { $0.kept(values($0.answer)) } }
    var isSubscribing: Bool { turns.contains { if case .confirmation = $0.ask { true } else { false } } }

    func server() -> ScriptedServer {
        ScriptedServer { [handshake, turns] peer in
            for (commands, answer) in handshake + turns.map({ ($0.lines.count, $0.answer) }) {
                for _ in 0..<commands where peer.readCommand() == nil { return }
                peer.write(answer)
            }
            while peer.readCommand() != nil { peer.write("+PONG\r\n") }
        }
    }
}

/// What a client got in a conversation.
struct ConversationResult: Sendable {
    /// Of each turn, up to the first that failed.
    var turns: [Result<[RESPValue], ConnectionFailure>] = []
    /// What one more request brings; nil where no blocking connection could be made.
    var afterwards: Result<RESPValue, ConnectionFailure>?

    var values: [[RESPValue]] { turns.compactMap(\.value) }
    var failure: ConnectionFailure? { turns.last?.failure }
}

extension Conversation {
    /// Holds the conversation on a connection of its own; nil if it hangs.
    func hold(_ way: Way, at path: String, asksAfterwards: Bool = true) async -> ConversationResult? {
        var settings = settings
        settings.endpoint = .unix(path: path)
        return await withinAMinute { [settings] in
            switch way {
            case .asynchronous: await holdAsynchronously(settings, asksAfterwards)
            case .blocking: await onThread { holdBlocking(settings, asksAfterwards) }
            }
        }
    }

    private func holdAsynchronously(
        _ settings: ConnectionSettings, _ asksAfterwards: Bool
    ) async -> ConversationResult {
        let connection = AsyncConnection(settings, keepsPushes: isSubscribing)
        var pushes = connection.pushes?.makeAsyncIterator()
        var result = ConversationResult()
        for turn in turns where result.failure == nil {
            switch turn.ask {
            case .replies(let lines) where lines.count == 1:
                result.turns.append(await connection.send(command(lines[0])).map { [$0] })
            case .replies(let lines):
                result.turns.append(await connection.sendAll(lines.flatMap { command($0) }, count: lines.count))
            case .confirmation(let line):
                result.turns.append(await connection.subscribe(command(line)))
            case .push:
                do {
                    result.turns.append(.success([try await pushes?.next() ?? .null]))
                } catch {
                    result.turns.append(.failure(error))
                }
            }
        }
        if asksAfterwards { result.afterwards = await connection.send(command("PING")) }
        await connection.close(grace: .zero)
        return result
    }

    private func holdBlocking(_ settings: ConnectionSettings, _ asksAfterwards: Bool) -> ConversationResult {
        var result = ConversationResult()
        let connection: BlockingConnection
        do {
            connection = try BlockingConnection(settings)
        } catch {
            result.turns.append(.failure(error))
            return result
        }
        for turn in turns where result.failure == nil {
            result.turns.append(
                Result { () throws(ConnectionFailure) in
                    switch turn.ask {
                    case .replies(let lines) where lines.count == 1: [try connection.send(command(lines[0]))]
                    case .replies(let lines):
                        try connection.sendAll(lines.flatMap { command($0) }, count: lines.count)
                    case .confirmation(let line): try connection.subscribe(command(line))
                    case .push: [try connection.nextPush(timeout: .seconds(30)) ?? .null]
                    }
                })
        }
        if asksAfterwards {
            result.afterwards = Result { () throws(ConnectionFailure) in try connection.send(command("PING")) }
        }
        return result
    }
}

/// What `body` returns, or nil after a minute: a continuation that nobody resumes must fail a test, not hang it.
func withinAMinute<Answer: Sendable>(_ body: @escaping @Sendable () async -> Answer) async -> Answer? {
    let waiting = Locked<CheckedContinuation<Answer?, Never>?>(nil)
    let answer: @Sendable (Answer?) -> Void = { answer in
        waiting.change { $0.take() }?.resume(returning: answer)
    }
    return await withCheckedContinuation { continuation in
        waiting.change { $0 = continuation }
        let limit = Task {
            try await Task.sleep(for: .seconds(60))
            answer(nil)
        }
        Task {
            answer(await body())
            limit.cancel()
        }
    }
}
