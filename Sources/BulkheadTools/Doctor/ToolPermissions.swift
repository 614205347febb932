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

    /// Left out is what a tool does without where it is denied, such as CLIENT NO-TOUCH.
    static let needs = [
        tool(
            "check",
            [
                Call("INFO"), Call("SCAN", "0"), Call("TYPE", key), Call("PTTL", key), Call("MEMORY", "USAGE", key),
                Call("OBJECT", "ENCODING", key),
            ]),
        tool(
            "migrate",
            [
                Call("INFO"), Call("DBSIZE"), Call("SCAN", "0"), Call("EXISTS", key), Call("MOVE", key, "1"),
                Call("COPY", key, key, "DB", "1"), Call("UNLINK", key), Call("EVAL", "return 0", "0"),
                Call("GET", key), Call("SET", key, "x"), Call("WATCH", key), Call("UNWATCH"), Call("PTTL", key),
                Call("RESTORE", key, "0", "x"),
            ], reading),
        tool(
            "backup", [Call("SYNC"), Call("REPLCONF", "rdb-only", "1"), Call("SCAN", "0")], reading,
            [Call("FUNCTION", "DUMP")]),
        tool(
            "restore", [Call("INFO"), Call("DBSIZE"), Call("EXISTS", key), Call("RESTORE", key, "0", "x")], reading,
            [Call("FUNCTION", "RESTORE", "x")]),
        tool("diff", [Call("INFO"), Call("DBSIZE"), Call("SCAN", "0")], reading),
        tool(
            "flush",
            [
                Call("INFO"), Call("DBSIZE"), Call("RANDOMKEY"), Call("FLUSHDB", "ASYNC"), Call("CLIENT", "LIST"),
                Call("FT._LIST"),
            ]),
        tool("doctor", [Call("INFO"), Call("CONFIG", "GET", "databases"), Call("MODULE", "LIST")]),
    ]

    private static func tool(_ name: String, _ calls: [Call]...) -> (tool: String, calls: [Call]) {
        (name, calls.flatMap(\.self))
    }

    /// What reading whole keys takes. Where ACL DRYRUN is known PEXPIRETIME is, too.
    private static let reading = [
        Call("MULTI"), Call("EXEC"), Call("DUMP", key), Call("PEXPIRETIME", key), Call("OBJECT", "IDLETIME", key),
        Call("TIME"),
    ]

    /// What makes a backup one of a single moment; without it there is a second way.
    static let snapshot: Set = ["SYNC", "REPLCONF"]

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
