import Bulkhead
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

/// Scripts in a cluster: what they answer is theirs, and a batch of them runs at every server.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ClusterScriptTests {
    private static let errors = [
        "TRYAGAIN later", "CLUSTERDOWN not now", "MOVED 1 elsewhere", "MOVED 1 127.0.0.1:1", "ASK 1 127.0.0.1:1",
    ]
    private static let cases = Form.allCases.flatMap { form in errors.map { (form, $0) } }

    private func pipeline(_ batch: RedisBatch, _ form: Form, _ databases: RedisDatabases) async throws -> [RESPValue] {
        switch form {
        case .asynchronous: try await databases[.main].pipeline(batch)
        case .blocking: try await onThread { try databases.blocking(.main).pipeline(batch) }
        }
    }

    private func transaction(
        _ batch: RedisBatch, _ form: Form, _ databases: RedisDatabases
    ) async throws -> [RESPValue]? {
        switch form {
        case .asynchronous: try await databases[.main].transaction(batch)
        case .blocking: try await onThread { try databases.blocking(.main).transaction(batch) }
        }
    }

    @Test(arguments: cases)
    func `an error that a script words like a redirection is its answer, and nothing runs twice`(
        _ form: Form, _ text: String
    ) async throws {
        try await withSharedCluster { databases, _ async throws in
            let script = RedisScript<RESPValue>("redis.call('INCR', KEYS[1]) return redis.error_reply('\(text)')")
            let word = String(text.prefix { $0 != " " })
            let isOwn = { (reply: RESPValue?) in
                reply?.errorMessage.map { String(decoding: $0, as: UTF8.self) }?.hasPrefix(word) == true
            }
            let failure = await form.run(script.command(keys: ["{n}single"]), in: databases).failure
            #expect(failure?.code.name == word && failure?.isSafeToRetry == false, "\(String(describing: failure))")
            #expect(try await databases[.main].get("{n}single") == "1")

            var batch = RedisBatch()
            batch.append(.incr("{n}beside"))
            batch.append(script, keys: ["{n}batch"])
            // Of another server.
            batch.append(.incr("foo"))
            let replies = try await pipeline(batch, form, databases)
            #expect(replies.count == 3 && replies[0] == .integer(1) && isOwn(replies[1]) && replies[2] == .integer(1))
            #expect(try await databases[.main].get("{n}batch") == "1")

            var together = RedisBatch()
            together.append(.incr("{n}within"))
            together.append(script, keys: ["{n}script"])
            let results = try await transaction(together, form, databases)
            #expect(results?.first == .integer(1) && isOwn(results?.last))
            #expect(try await databases[.main].mget("{n}within", "{n}script") == ["1", "1"])
        }
    }

    @Test(arguments: Form.allCases)
    func `a batch of script calls runs at every server, and each gets the text once`(_ form: Form) async throws {
        try await withSharedCluster { databases, cluster async throws in
            let count = RedisScript<Int>("return redis.call('INCR', KEYS[1])")
            let keys = (0..<30).map { "key:\($0)" }
            // In either order: the server of the first call is another one then.
            for (round, keys) in [keys, keys.reversed()].enumerated() {
                for server in cluster.primaries {
                    for line in ["SCRIPT FLUSH", "CONFIG RESETSTAT"] { try ask(server, line) }
                }
                var batch = RedisBatch()
                for key in keys { batch.append(count, keys: [key]) }
                let replies = try await pipeline(batch, form, databases)
                #expect(replies == keys.map { _ in .integer(Int64(round + 1)) })
                for server in cluster.primaries {
                    let line = try ask(server, "INFO commandstats").bytes?.text?
                        .split(whereSeparator: \.isNewline).first { $0.hasPrefix("cmdstat_eval:") }
                    #expect(line?.hasPrefix("cmdstat_eval:calls=1,") == true, "\(line ?? "none")")
                }
            }
        }
    }

    @Test(arguments: Form.allCases)
    func `a batch of script calls runs also where the call with the text is redirected`(_ form: Form) async throws {
        try await withCluster { databases, cluster async throws in
            // The map is there, and is old from here on.
            for index in 0..<20 { _ = try await form.run(.get("{\(index)}"), in: databases).get() }
            try cluster.move([5_061], from: cluster.primaries[0], to: cluster.primaries[2])
            var batch = RedisBatch()
            let count = RedisScript<Int>("return redis.call('INCR', KEYS[1])")
            // All of the first server, as the map has it; `{bar}` is in slot 5061.
            for key in ["{bar}", "b", "{bar}", "f"] { batch.append(count, keys: [key]) }
            #expect(
                try await pipeline(batch, form, databases) == [.integer(1), .integer(1), .integer(2), .integer(1)])
            #expect(try await databases[.main].mget("{bar}", "b", "f") == ["2", "1", "1"])
        }
    }
}
