/// What the rules of all languages know about Redis and its clients.
enum RedisWords {
    /// The programs that send commands by hand.
    static let shells: Set<String> = ["redis-cli", "valkey-cli"]

    /// The rule that a command breaks, given its words; nil if it breaks none.
    static func verdict(on words: [String]) -> (rule: LintRule, command: String)? {
        // A client may take all of it as one text.
        let words = words.prefix(8).flatMap { $0.split(maxSplits: 8, whereSeparator: \.isWhitespace).prefix(8) }
        guard let name = words.first?.uppercased() else { return nil }
        switch name {
        case "SELECT":
            // Of SQL's SELECT something else than a number follows.
            let isNumber = words.count < 2 || words[1].allSatisfy { $0.isNumber || "${}%".contains($0) }
                || words[1].contains(Token.hole)
            return isNumber && words.count <= 2 ? (.select, name) : nil
        case "MOVE", "SWAPDB": return (.move, name)
        case "COPY": return words.contains { $0.uppercased() == "DB" } ? (.move, "COPY … DB") : nil
        case "FLUSHALL", "FLUSHDB": return (.flush, name)
        case "KEYS": return (.keys, name)
        default: return nil
        }
    }

    /// The rule that a method of a client breaks by its name.
    static func verdict(onMethod name: String) -> (rule: LintRule, command: String)? {
        switch name.lowercased() {
        case "select", "move", "swapdb", "flushall", "flushdb", "keys": verdict(on: [name])
        default: nil
        }
    }

    /// True for `redis`, `self_redis_client`, `valkeyConnection`, and not for `redis_config` or `redisKeys`.
    static func isClientName(_ name: String) -> Bool {
        let lowercased = name.lowercased()
        guard lowercased.contains("redis") || lowercased.contains("valkey") else { return false }
        // Several of them lie in a collection, whose methods are no commands.
        if lowercased.hasSuffix("s"), !lowercased.hasSuffix("redis") { return false }
        return !thingsOfClients.contains { lowercased.hasSuffix($0) }
    }

    /// What is named after a client and is none.
    private static let thingsOfClients = [
        "config", "configuration", "url", "uri", "host", "port", "key", "info", "param", "dict", "map", "data", "name",
        "response", "reply", "result", "health", "version", "type", "module", "error", "index", "schema", "cache_key",
        "path", "password", "value", "field", "report", "summary", "message", "payload", "json", "list", "set",
    ]

    /// True if the last part of a path is the program: `/usr/bin/redis-cli`.
    static func isShell(_ word: String) -> Bool {
        shells.contains(String(word.split(separator: "/").last ?? ""))
    }
}
