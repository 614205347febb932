@testable import Bulkhead
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A transaction whose connection is lost` {
    /// Of the bytes in each direction every place is cut, so every reply is, and every command.
    @Test(arguments: Form.allCases, [FaultProxy.Direction.toServer, .toClient])
    func `has run as a whole or not at all, wherever it was cut, and never twice`(
        form: Form, direction: FaultProxy.Direction
    ) async throws {
        try await withServer { server in
            let direct = RedisDatabases(testConfiguration(server))
            var offset = 0
            var isOver = false
            while !isOver {
                let proxy = FaultProxy(to: server.socketPath)
                let databases = RedisDatabases(testConfiguration(proxy))
                let move = RedisTransaction(.incr("a"), .incr("b"))
                _ = try await form.run(move, in: databases)
                let before = try await direct[.main].mget(["a", "b"], as: Int.self)
                proxy[direction] = [.cut(after: proxy.byteCount(direction) + offset)]
                do throws(RedisError) {
                    _ = try await form.run(move, in: databases)
                    // The cut lay behind its last byte.
                    isOver = offset > 0
                    #expect(try await direct[.main].get("a", as: Int.self) == (before[0] ?? 0) + 1)
                } catch {
                    let after = try await direct[.main].mget(["a", "b"], as: Int.self)
                    #expect(after[0] == after[1], "half of it ran, cut after \(offset)")
                    let runs = (after[0] ?? 0) - (before[0] ?? 0)
                    #expect(runs == 0 || runs == 1 && error.isAmbiguous, "\(runs) runs, cut after \(offset): \(error)")
                    #expect(error.database == .main && (error.isAmbiguous || error.isSafeToRetry), "\(error)")
                }
                proxy[direction] = []
                let counts = try await form.run(move, in: databases)
                #expect(counts.0 == counts.1)
                await databases.close()
                proxy.stop()
                offset += TestTier.isWhole ? 1 : 7
            }
            await direct.close()
        }
    }

    @Test(arguments: Form.allCases)
    func `before it was sent goes over another connection`(form: Form) async throws {
        try await withDatabases { databases, server in
            let admin = try RedisDatabases(url: server.url)
            #expect(try await form.run(RedisTransaction(.incr("a"), .incr("b")), in: databases) == (1, 1))
            try await admin[.main].send("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            #expect(try await form.run(RedisTransaction(.incr("a"), .incr("b")), in: databases) == (2, 2))
            await admin.close()
        }
    }

    /// Hangs up in place of EXEC's reply as often as `deaths` says.
    private func attempts(
        of transaction: RedisTransaction<(RESPValue, RESPValue)>, form: Form, deaths: Int,
        policy: RedisRetryPolicy = .reads
    ) async -> (error: RedisError?, executions: Int) {
        let executions = Counter()
        let server = ScriptedServer { peer in
            peer.shakeHands()
            while let command = peer.readCommand() {
                guard command[0] == "EXEC" else { continue }
                // The first one has no commands: it asks for permission.
                let count = executions.next()
                if count == 1 {
                    peer.write("+OK\r\n*0\r\n")
                } else if count <= 1 + deaths {
                    return peer.hangUp()
                } else {
                    peer.write("+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n:2\r\n")
                }
            }
        }
        defer { server.stop() }
        var configuration = testConfiguration(server.path)
        configuration.retryPolicy = policy
        let databases = RedisDatabases(configuration)
        do throws(RedisError) {
            _ = try await form.run(transaction, in: databases)
            await databases.close()
            return (nil, executions.value - 1)
        } catch {
            await databases.close()
            return (error, executions.value - 1)
        }
    }

    @Test(arguments: Form.allCases)
    func `behind EXEC is sent again only if each of its commands may be`(form: Form) async throws {
        let reads = RedisTransaction<(RESPValue, RESPValue)>(.raw("GET", ["a"]), .raw("STRLEN", ["a"]))
        let writes = RedisTransaction<(RESPValue, RESPValue)>(.raw("GET", ["a"]), .raw("SET", ["a", "1"]))
        let counts = RedisTransaction<(RESPValue, RESPValue)>(.raw("GET", ["a"]), .raw("INCR", ["a"]))
        let scripts = RedisTransaction<(RESPValue, RESPValue)>(.raw("GET", ["a"]), .raw("EVAL", ["return 1", "0"]))
        let read = await attempts(of: reads, form: form, deaths: 2)
        #expect(read.error == nil && read.executions == 3)
        let written = await attempts(of: writes, form: form, deaths: 1, policy: .idempotentWrites)
        #expect(written.error == nil && written.executions == 2)
        for (transaction, policy) in [
            (reads, RedisRetryPolicy.notSent), (writes, .reads), (counts, .idempotentWrites),
            (scripts, .idempotentWrites),
        ] {
            let (error, executions) = await attempts(of: transaction, form: form, deaths: 1, policy: policy)
            #expect(error?.isAmbiguous == true && error?.code == .connectionClosed && executions == 1)
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A transaction on the wire` {
    /// A server whose second transaction gets another answer, or none; the first is the empty one of a new connection.
    private static func server(answeringSecond answer: String?, counting executions: Counter) -> ScriptedServer {
        .answering { command in
            guard command[0] == "EXEC" else { return nil }
            switch executions.next() {
            case 1: return "+OK\r\n*0\r\n"
            case 2: return answer
            default: return "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n:2\r\n"
            }
        }
    }

    @Test func `that is cancelled behind EXEC is ambiguous, and its connection serves nobody else`() async throws {
        let executions = Counter()
        let server = Self.server(answeringSecond: nil, counting: executions)
        defer { server.stop() }
        let databases = RedisDatabases(testConfiguration(server.path))
        let main = try databases[.main]
        let task = Task { try await main.transaction(.incr("a"), .incr("b")) }
        #expect(await eventually { executions.value == 2 })
        task.cancel()
        let error = await #expect(throws: RedisError.self) { try await task.value }
        #expect(error?.code == .cancelled && error?.isAmbiguous == true)
        #expect(try await main.transaction(.incr("a"), .incr("b")) == (1, 2))
        #expect(server.connectionCount == 2)
        await databases.close()
    }

    /// The peer answers nothing until it has EXEC, and then says what it received before.
    @Test(arguments: Form.allCases)
    func `is written as a whole before its first reply is waited for`(form: Form) async throws {
        let received = Mutex<[[String]]>([])
        let server = ScriptedServer { peer in
            peer.shakeHands()
            var words: [String] = []
            while let command = peer.readCommand() {
                words.append(command[0])
                guard command[0] == "EXEC" else { continue }
                received.withLock { $0.append(words) }
                peer.write("+OK\r\n" + (words.count == 2 ? "*0\r\n" : "+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n:2\r\n"))
                words = []
            }
        }
        defer { server.stop() }
        let databases = RedisDatabases(testConfiguration(server.path))
        #expect(try await form.run(RedisTransaction(.incr("a"), .incr("b")), in: databases) == (1, 2))
        #expect(try await form.run(RedisTransaction(.incr("a"), .incr("b")), in: databases) == (1, 2))
        #expect(
            received.withLock(\.self) == [["MULTI", "EXEC"]]
                + Array(repeating: ["MULTI", "INCR", "INCR", "EXEC"], count: 2))
        #expect(server.connectionCount == 1)
        await databases.close()
    }

    @Test(arguments: Form.allCases)
    func `is sent again, whatever it writes, to a server that was loading and so ran none`(form: Form) async throws {
        let executions = Counter()
        let loading = "-LOADING Redis is loading the dataset in memory\r\n"
        let server = Self.server(
            answeringSecond: "+OK\r\n\(loading)\(loading)-EXECABORT Transaction discarded\r\n", counting: executions)
        defer { server.stop() }
        let databases = RedisDatabases(testConfiguration(server.path))
        #expect(try await form.run(RedisTransaction(.incr("a"), .incr("b")), in: databases) == (1, 2))
        #expect(executions.value == 3)
        await databases.close()
    }

    @Test(arguments: ["*1\r\n:1\r\n", ":1\r\n", "+QUEUED\r\n"])
    func `that is answered by what is not one reply for each command fails`(reply: String) async throws {
        let executions = Counter()
        let server = Self.server(answeringSecond: "+OK\r\n+QUEUED\r\n+QUEUED\r\n" + reply, counting: executions)
        defer { server.stop() }
        let databases = RedisDatabases(testConfiguration(server.path))
        let error = await #expect(throws: RedisError.self) {
            try await databases[.main].transaction(.incr("a"), .incr("b"))
        }
        #expect(error?.code == .unexpectedReply && error?.command == "EXEC")
        await databases.close()
    }
}

@Suite struct `The replies of a transaction` {
    private static let ok = RESPValue.simpleString("OK")
    private static let queued = RESPValue.simpleString("QUEUED")
    private static func error(_ text: String) -> RESPValue { .error(RESPBytes(text.utf8)) }

    @Test func `say what is to be done only where nothing has run`() {
        let loading = Self.error("LOADING Redis is loading")
        let replica = Self.error("READONLY You can't write against a read only replica.")
        let abort = Self.error("EXECABORT Transaction discarded because of previous errors.")
        let late = Self.error(
            "EXECABORT Transaction discarded because of: READONLY You can't write against a read only replica.")
        #expect(TransactionReplies([Self.ok, Self.queued, loading, abort]).commonRefusal == .loading)
        #expect(TransactionReplies([Self.ok, Self.queued, replica, abort]).commonRefusal == .wrongConnection)
        #expect(TransactionReplies([Self.ok, Self.queued, late]).commonRefusal == .wrongConnection)
        #expect(TransactionReplies([Self.ok, Self.queued, late]).showsWrongConnection)
        let noAuth = Self.error("NOAUTH Authentication required.")
        #expect(TransactionReplies([noAuth, noAuth, noAuth]).commonRefusal == .wrongConnection)
        // MULTI was refused alone: the command ran.
        #expect(TransactionReplies([loading, .integer(1), Self.error("ERR EXEC without MULTI")]).commonRefusal == nil)
        // A script's own words.
        let done = TransactionReplies([Self.ok, Self.queued, .array([replica])])
        #expect(!done.mayNotStand && done.commonRefusal == nil && done.firstError != nil && done.count == 3)
    }
}
