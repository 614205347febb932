import Bulkhead

/// Which commands each tool needs, and which of them the server's ACL denies to this user.
package struct ToolPermissions: Sendable, Hashable {
    /// As whom the server knows us.
    package var user: String
    /// Commands that are denied, by the tools that need them, in the order of `needs`.
    package var denied: [(tool: String, commands: [String])] {
        Self.needs.compactMap { tool, calls in
            let missing = calls.map(\.name).filter { deniedCommands.contains($0) }
            return missing.isEmpty ? nil : (tool, missing)
        }
    }

    var deniedCommands: Set<String>

    package init(user: String, deniedCommands: Set<String>) {
        self.user = user
        self.deniedCommands = deniedCommands
    }

    /// A command with arguments that ACL DRYRUN takes; nothing is run.
    struct Call: Sendable {
        let name: String
        let arguments: [String]

        init(_ name: String, _ arguments: String...) {
            self.name = name
            self.arguments = arguments
        }
    }

    static let needs: [(tool: String, calls: [Call])] = [
        ("check", [
            Call("SCAN", "0"), Call("DBSIZE"), Call("INFO"), Call("TYPE", key), Call("PTTL", key),
            Call("MEMORY", "USAGE", key), Call("OBJECT", "ENCODING", key),
        ]),
        ("migrate", [
            Call("SCAN", "0"), Call("MOVE", key, "1"), Call("COPY", key, key, "DB", "1"), Call("UNLINK", key),
            Call("EVAL", "return 0", "0"),
            Call("DUMP", key), Call("RESTORE", key, "0", "x"), Call("MULTI"), Call("EXEC"), Call("WATCH", key),
        ]),
        ("backup", [Call("SYNC"), Call("REPLCONF", "rdb-only", "1"), Call("SCAN", "0"), Call("DUMP", key)]),
        ("restore", [Call("RESTORE", key, "0", "x"), Call("DUMP", key), Call("EXISTS", key)]),
        ("flush", [Call("DBSIZE"), Call("RANDOMKEY"), Call("FLUSHDB", "ASYNC"), Call("CLIENT", "LIST")]),
        ("doctor", [Call("INFO"), Call("CONFIG", "GET", "databases"), Call("MODULE", "LIST")]),
    ]

    private static let key = "bulkhead:doctor"
}

extension ToolPermissions {
    /// Asks the server about each command; nil where it does not say (before 7.0, or if ACL DRYRUN is denied) and the
    /// user is not one who may do everything.
    static func ask(_ database: RedisDatabase) async throws(RedisError) -> ToolPermissions? {
        guard let user = try? await database.send("ACL", "WHOAMI", as: String.self) else { return nil }
        let calls = needs.flatMap(\.calls)
        let answers = try await database.pipeline(
            calls.map { .raw("ACL", ["DRYRUN", user, $0.name] + $0.arguments, as: String.self) })
        if answers.contains(where: { (try? $0.get()) != nil }) {
            let denied = zip(calls, answers).compactMap { call, answer in
                // What the server does not know at all is an error, and no denial.
                guard case .success(let text) = answer, text != "OK" else { return nil as String? }
                return call.name
            }
            return ToolPermissions(user: user, deniedCommands: Set(denied))
        }
        guard let rules = try? await database.send("ACL", "GETUSER", user, as: [String: RESPValue].self),
            let commands = rules["commands"].flatMap({ try? String(redis: $0) }), commands == "+@all"
        else { return nil }
        return ToolPermissions(user: user, deniedCommands: [])
    }
}
