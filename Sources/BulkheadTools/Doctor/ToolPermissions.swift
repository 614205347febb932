import Bulkhead

/// Which commands each tool needs, and which of them this user does not get from the server.
package struct ToolPermissions: Sendable, Hashable {
    /// As whom the server knows us; ``unnamed`` if it does not say.
    package var user: String
    static let unnamed = "this user"
    /// Why it does not.
    var namelessness: RedisError?
    /// Denied by the ACL, by their titles.
    var deniedCommands: Set<String>
    /// What the server has no command of that name for, though servers of its kind do.
    var missingCommands: Set<String> = []
    /// False if only some commands could be asked about.
    var knowsAll = true
    /// True if the server is a node of a cluster, where the tools need more.
    var isInCluster = false
    /// True if there are keys that this user may not touch.
    var hasKeyLimits = false
    /// True if those in which a move between servers keeps its notes are among them.
    var deniesNotes = false

    package init(user: String, deniedCommands: Set<String>) {
        self.user = user
        self.deniedCommands = deniedCommands
    }

    /// Takes what was refused when it was needed, which no probe has to tell.
    mutating func take(_ refusals: [String: RedisError]) {
        for (title, refusal) in refusals {
            if refusal.isUnknownCommand {
                missingCommands.insert(title)
            } else if refusal.code == .noPermission {
                deniedCommands.insert(title)
            }
        }
    }

    /// What one tool does not get, for one reason.
    struct Lack {
        let tool: String
        let isDenied: Bool
        let commands: [String]
        /// What the tool does instead, or leaves out; nil if it cannot do its work.
        let without: String?
    }

    /// In the order of `needs`.
    var lacks: [Lack] {
        needs.flatMap { tool, calls in
            [(true, deniedCommands), (false, missingCommands)].compactMap { isDenied, commands -> Lack? in
                let lacking = calls.filter { commands.contains($0.title) }
                if lacking.isEmpty { return nil }
                var ways: [String] = []
                for way in lacking.compactMap(\.without) where !ways.contains(way) { ways.append(way) }
                let isAble = lacking.allSatisfy { $0.without != nil }
                return Lack(
                    tool: tool, isDenied: isDenied, commands: lacking.map(\.title),
                    without: isAble ? ways.joined(separator: ", and ") : nil)
            }
        }
    }

    /// A command with arguments that change nothing if it should run.
    struct Call: Sendable {
        let name: String
        let arguments: [String]
        /// What the tool does instead, or leaves out; nil if it cannot do its work without.
        private(set) var without: String?

        init(_ name: String, _ arguments: String...) {
            self.name = name
            self.arguments = arguments
        }

        /// As the server's rules know it: with its second word, if it is one of several under a name.
        var title: String {
            let isContainer = ["CLIENT", "CLUSTER", "CONFIG", "FUNCTION", "MEMORY", "MODULE", "OBJECT"].contains(name)
            return isContainer ? "\(name) \(arguments[0])" : name
        }

        func or(_ without: String) -> Call {
            var call = self
            call.without = without
            return call
        }
    }

    /// Left out is what a tool does without where it is denied and nothing is missed, such as CLIENT NO-TOUCH.
    static let needs = [
        tool(
            "check",
            [
                Call("INFO").or("knows neither the server's memory nor numbers that have no name"),
                Call("SCAN", "0"), Call("TYPE", key), Call("PTTL", key), Call("MEMORY", "USAGE", key),
                Call("OBJECT", "ENCODING", key),
            ]),
        tool(
            "migrate",
            [
                Call("INFO").or("only copies to another server (--copy)"), Call("DBSIZE"), Call("SCAN", "0"),
                Call("EXISTS", key), Call("MOVE", key, "1").or("copies and deletes within a server"),
                Call("COPY", key, key, "DB", "1"), Call("UNLINK", key), Call("EVAL", "return 0", "0"),
                Call("GET", key), Call("SET", key, "x", "XX"), Call("WATCH", key), Call("UNWATCH"), Call("PTTL", key),
                Call("RESTORE", key, "0", "x"),
            ], reading),
        tool(
            "backup",
            [
                Call("SYNC").or(fuzzy), Call("REPLCONF", "rdb-only", "1").or(fuzzy), Call("SCAN", "0"),
            ], reading,
            [Call("FUNCTION", "DUMP")]),
        tool(
            "restore",
            [
                Call("INFO").or("does not know whether the server evicts keys"), Call("DBSIZE"), Call("EXISTS", key),
                Call("RESTORE", key, "0", "x"),
            ], reading,
            [Call("FUNCTION", "RESTORE", "x")]),
        tool(
            "diff", [Call("INFO").or("knows less of the server's version"), Call("DBSIZE"), Call("SCAN", "0")],
            reading),
        tool(
            "flush",
            [
                Call("INFO").or("does not know how many keys expire"), Call("DBSIZE"), Call("RANDOMKEY"),
                Call("FLUSHDB", "NOTHING"), Call("CLIENT", "LIST").or("does not know who else uses the database"),
                Call("FT._LIST"),
            ]),
        tool(
            "doctor",
            [
                Call("INFO").or("leaves out memory, persistence, replication and keys without a name"),
                Call("CONFIG", "GET", "databases").or("leaves out settings"),
                Call("MODULE", "LIST").or("leaves out modules"),
            ]),
    ]

    /// What they need beside these where a name lives in a cluster. A script's own commands are its user's, too.
    static let needsInCluster: [String: [Call]] = [
        "check": walking,
        "migrate": walking + [
            Call("CLUSTER", "GETSLOTMIGRATIONS").or("moves nothing within a cluster"), Call("HGET", key, "x"),
            Call("HGETALL", key), Call("HSET", key, "x", "x"), Call("HDEL", key, "x"), Call("PEXPIRE", key, "1"),
        ],
        "backup": walking + [script], "restore": [map, script], "diff": walking + [script], "flush": [map],
        "doctor": [map, Call("CLUSTER", "NODES").or("does not know whether a slot is being moved")],
    ]

    private static let map = Call("CLUSTER", "SLOTS")
    private static let walking = [map, Call("CLUSTER", "NODES")]
    private static let script = Call("EVAL", "return 0", "0")

    /// What each tool needs of this server.
    var needs: [(tool: String, calls: [Call])] {
        Self.needs.map { ($0.tool, $0.calls + (isInCluster ? Self.needsInCluster[$0.tool] ?? [] : [])) }
    }

    private static func tool(_ name: String, _ calls: [Call]...) -> (tool: String, calls: [Call]) {
        (name, calls.flatMap(\.self))
    }

    /// What reading whole keys takes. Where ACL DRYRUN is known PEXPIRETIME is, too.
    private static let reading = [
        Call("MULTI"), Call("EXEC"), Call("DUMP", key), Call("PEXPIRETIME", key), Call("OBJECT", "IDLETIME", key),
        Call("TIME"),
    ]

    /// What a backup is without what makes it one of a single moment.
    private static let fuzzy = "is no point-in-time snapshot"

    private static let key = "bulkhead:doctor"
}
