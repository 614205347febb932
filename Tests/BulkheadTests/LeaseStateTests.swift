@testable import Bulkhead
import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP
import Testing

/// What a lease leaves behind, by value: the orders of events that a server does not show at will.
@Suite struct `A lease is not lent again` {
    private static func command(_ words: String...) -> SingleCommand {
        let command = RedisCommand<RESPValue>.raw(words[0], Array(words.dropFirst()))
        return SingleCommand(command: command.encoded, isTyped: false)
    }

    private static let ok = Result<RESPValue, ConnectionFailure>.success(.simpleString("OK"))
    private static let late = Result<RESPValue, ConnectionFailure>.failure(
        ConnectionFailure(.timedOut, "late", stage: .sent))

    @Test func `while a call has not come back, and is when it has`() throws {
        let get = Self.command("GET", "key")
        var state = LeaseState()
        try state.willSend(get)
        try state.willSend(get)
        state.ended(get, .success(.null))
        #expect(!state.isClean)
        state.ended(get, Self.late)
        #expect(state.isClean, "the late reply of a GET is dropped by the connection, and means no more")
        let isLentAgain = state.end().isReusable
        #expect(isLentAgain)
        #expect(throws: RedisError.self) { try state.willSend(get) }
    }

    @Test func `when two tasks held conversations at once, whichever reply came first`() throws {
        let (exec, multi) = (Self.command("EXEC"), Self.command("MULTI"))
        var state = LeaseState()
        try state.willSend(exec)
        try state.willSend(multi)
        state.ended(multi, Self.ok)
        state.ended(exec, .success(.array([])))
        #expect(!state.isClean)
    }

    @Test func `but is when a command that waits never left`() throws {
        var state = LeaseState()
        let pop = Self.command("BLPOP", "key", "1")
        try state.willSend(pop)
        state.ended(pop, .failure(ConnectionFailure(.timedOut, "late", stage: .connecting)))
        #expect(state.isClean)
    }

    @Test func `when a pipeline that opened a transaction was cancelled, though the server has answered it`() throws {
        var state = LeaseState()
        var batch = RedisBatch()
        batch.append(RedisCommand<RESPValue>.raw("MULTI", []))
        batch.append(RedisCommand<RESPValue>.raw("BLPOP", ["key", "1"]))
        try state.willSend(batch)
        state.ended(batch, .failure(.cancelled(.answered)))
        #expect(!state.isClean)
        let get = SingleCommand(command: RedisCommand<String?>.get("key").encoded)
        let error = #expect(throws: RedisError.self) { try state.willSend(get) }
        #expect(error?.code == .commandRefused)
    }

    @Test(arguments: [
        command("WATCH", "key"), command("EXEC"), command("BLPOP", "key", "1"), command("WAIT", "1", "0"),
    ])
    func `when nobody knows what became of a command that changes it or waits`(_ command: SingleCommand) throws {
        var state = LeaseState()
        try state.willSend(command)
        state.ended(command, Self.late)
        #expect(!state.isClean)
    }
}
