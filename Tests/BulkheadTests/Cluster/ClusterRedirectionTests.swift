import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

/// Redirections that lead nowhere until a call's time is over: no caller gets one in place of an answer.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ClusterRedirectionTests {
    /// What servers say of a slot for ever.
    enum Impasse: String, CaseIterable, Sendable {
        /// Its two servers name each other.
        case contradiction
        /// The one says that the key is at the other, which knows of no move.
        case halfMove
        /// They name each other, and say no address.
        case noAddress

        static var ofServer: [Impasse] {
            ServerUnderTest.isAtLeast(redis: 7, 0) ? allCases : [.contradiction, .halfMove]
        }

        /// Has the servers of slot 5061, which is that of `{bar}`, say it.
        func begin(in cluster: RedisTestCluster) throws {
            let other = try ServerConversation(with: cluster.primaries[2]).text("CLUSTER MYID")
            let first = try ServerConversation(with: cluster.primaries[0])
            if self == .noAddress {
                for server in cluster.primaries {
                    _ = try ServerConversation(with: server).text(
                        "CONFIG SET cluster-preferred-endpoint-type hostname")
                }
            }
            _ = try first.text("CLUSTER SETSLOT 5061 \(self == .halfMove ? "MIGRATING" : "NODE") \(other)")
        }
    }

    private static let cases = Form.allCases.flatMap { form in Impasse.ofServer.map { (form, $0) } }
    private static let time = Duration.milliseconds(700)

    private func expectTimeIsOver(_ failure: RedisError?, _ call: String) {
        #expect(failure?.code == .timedOut, "\(call): \(failure.map(\.description) ?? "no failure")")
        let text = failure?.message ?? ""
        #expect(!text.contains("MOVED") && !text.contains("ASK "), "\(call): \(text)")
    }

    private static func failureOfPipeline(_ form: Form, _ databases: RedisDatabases) async throws -> RedisError? {
        let batch: [RedisCommand<Int>] = [.incr("{bar}"), .incr("{bar}:2")]
        switch form {
        case .asynchronous:
            let main = try databases[.main].within(time)
            return await #expect(throws: RedisError.self) { _ = try await main.pipeline(batch) }
        case .blocking:
            return await onThread {
                #expect(throws: RedisError.self) {
                    _ = try databases.blocking(.main).within(time).pipeline(batch)
                }
            }
        }
    }

    private static func failureOfTransaction(_ form: Form, _ databases: RedisDatabases) async throws -> RedisError? {
        switch form {
        case .asynchronous:
            let main = try databases[.main].within(time)
            return await #expect(throws: RedisError.self) {
                _ = try await main.transaction(.incr("{bar}"), .incr("{bar}:2"))
            }
        case .blocking:
            return await onThread {
                #expect(throws: RedisError.self) {
                    _ = try databases.blocking(.main).within(time).transaction(.incr("{bar}"), .incr("{bar}:2"))
                }
            }
        }
    }

    @Test(arguments: cases)
    func `a call whose time ends among redirections fails by it, and none of it has run`(
        _ form: Form, _ impasse: Impasse
    ) async throws {
        try await withCluster { databases, cluster async throws in
            // All servers have been asked once, and the map is there.
            for index in 0..<20 { _ = try await form.run(.get("{\(index)}"), in: databases).get() }
            try impasse.begin(in: cluster)
            let time = Self.time
            async let incr = form.run(.incr("{bar}"), in: databases, within: time).failure
            async let mget = form.run(.mget(["{bar}", "{1}", "{2}"]), in: databases, within: time).failure
            async let blpop = form.run(
                .blpop(["{bar}"], timeout: .milliseconds(100)), in: databases, within: time
            ).failure
            async let pipeline = Self.failureOfPipeline(form, databases)
            async let transaction = Self.failureOfTransaction(form, databases)
            expectTimeIsOver(await incr, "INCR")
            expectTimeIsOver(await mget, "MGET")
            expectTimeIsOver(await blpop, "BLPOP")
            expectTimeIsOver(try await pipeline, "pipeline")
            expectTimeIsOver(try await transaction, "transaction")
            for server in cluster.primaries { #expect(try ask(server, "DBSIZE") == .integer(0)) }
        }
    }

    @Test(.enabled(if: ServerUnderTest.isAtLeast(redis: 7, 0)), arguments: [false, true])
    func `a call that is cancelled among redirections fails by that`(_ isBlocking: Bool) async throws {
        try await withCluster { databases, cluster async throws in
            _ = try await Form.asynchronous.run(.get("{bar}"), in: databases).get()
            try Impasse.contradiction.begin(in: cluster)
            let call = Task {
                if isBlocking {
                    await Form.asynchronous.run(.blpop(["{bar}"], timeout: .seconds(60)), in: databases).failure
                } else {
                    await Form.asynchronous.run(.incr("{bar}"), in: databases).failure
                }
            }
            // The first ones are followed at once; between the others it pauses.
            let count = {
                let line = try ask(cluster.primaries[0], "INFO errorstats").bytes?.text?
                    .split(whereSeparator: \.isNewline).first { $0.hasPrefix("errorstat_MOVED:count=") }
                return Int(line?.split(separator: "=").last ?? "") ?? 0
            }
            while try count() < 6 { try await Task.sleep(for: .milliseconds(5)) }
            call.cancel()
            let failure = await call.value
            #expect(failure?.code == .cancelled, "\(String(describing: failure))")
        }
    }

    @Test(.enabled(if: ServerUnderTest.isAtLeast(redis: 7, 0)), arguments: Form.allCases)
    func `a server that is called by nothing is found by the map`(_ form: Form) async throws {
        try await withCluster { databases, cluster async throws in
            #expect(try await form.run(.set("{bar}", "there"), in: databases).get())
            for server in cluster.primaries { try ask(server, "CONFIG SET cluster-preferred-endpoint-type hostname") }
            try cluster.move([5_061], from: cluster.primaries[0], to: cluster.primaries[2])
            #expect(try await form.run(.get("{bar}"), in: databases).get() == "there")
        }
    }

    @Test(arguments: Form.allCases)
    func `a command that is not known here finds its server by what the others say`(_ form: Form) async throws {
        var options = RedisTestCluster.Options()
        // A name that no table has, as those of modules may be.
        options.server.arguments += ["--rename-command", "STRLEN", "MEASURE"]
        try await withCluster(options) { databases, _ async throws in
            for index in 0..<12 {
                #expect(try await form.run(.set("key:\(index)", "value"), in: databases).get())
                let command = RedisCommand<RESPValue>.raw("MEASURE", ["key:\(index)"])
                #expect(try await form.run(command, in: databases).get() == .integer(5))
            }
        }
    }
}
