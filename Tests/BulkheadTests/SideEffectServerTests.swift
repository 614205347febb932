import Bulkhead
import Testing

@Suite(.timeLimit(.minutes(10))) struct `The side effects of a real server's commands` {
    /// Their words that decide, where it is not the name alone.
    private static let arguments = [
        "xread": ["STREAMS", "s", "0"], "sort": ["a", "STORE", "b"], "object": ["ENCODING"],
    ]

    @Test func `agree with the flags it gives them`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            var names: Set<String> = []
            for entry in try await main.send("COMMAND", as: [RESPValue].self) {
                let fields = try #require(entry.elements)
                let name = try #require(fields[0].bytes?.text)
                let flags = Set(fields[2].elements?.compactMap { $0.simpleText } ?? [])
                names.insert(name)
                let command = RedisCommand<RESPValue>.raw(name, (Self.arguments[name] ?? []).map { $0 })
                if flags.contains("write") {
                    #expect(command.sideEffect > .read, "\(name)")
                } else if flags.contains("readonly") {
                    // What is new there is not known here, and so never sent twice; some are families of commands.
                    #expect(![.idempotentWrite, .accumulatingWrite].contains(command.sideEffect), "\(name)")
                }
                if !flags.isDisjoint(with: ["noscript", "blocking"]) && flags.contains("write") {
                    #expect(command.sideEffect > .idempotentWrite, "\(name)")
                }
            }
            #expect(names.isSuperset(of: ["get", "set", "incr", "xread", "sort", "flushall"]))
        }
    }

    @Test func `are known for every command of Redis 7 that reads or writes`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            guard try await main.send("INFO", "server", as: String.self).contains("redis_version:7.0.") else { return }
            for entry in try await main.send("COMMAND", as: [RESPValue].self) {
                let fields = try #require(entry.elements)
                let name = try #require(fields[0].bytes?.text)
                let flags = Set(fields[2].elements?.compactMap { $0.simpleText } ?? [])
                let command = RedisCommand<RESPValue>.raw(name, (Self.arguments[name] ?? []).map { $0 })
                if !flags.isDisjoint(with: ["write", "readonly"]), flags.isDisjoint(with: ["blocking", "admin"]) {
                    let isInternal = ["restore-asking", "pfdebug", "migrate", "move", "swapdb"].contains(name)
                    #expect(command.sideEffect != .never || isInternal, "\(name)")
                }
            }
        }
    }
}

extension RESPValue {
    fileprivate var simpleText: String? {
        if case .simpleString(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil }
    }
}
