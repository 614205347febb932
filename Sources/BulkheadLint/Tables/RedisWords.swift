/// What the rules of all languages know about Redis and its clients.
enum RedisWords {
    /// The programs that send commands by hand.
    static let shells: Set<String> = ["redis-cli", "valkey-cli"]

    /// The rule that a command breaks, given its words; nil if it breaks none.
    static func verdict(on words: [String]) -> (rule: LintRule, command: String)? {
        // A client may take all of it as one text.
        let words = words.prefix(8).flatMap { $0.split(maxSplits: 8, whereSeparator: \.isWhitespace).prefix(8) }
        guard let name = words.first?.uppercased(), let command = commands[name] else { return nil }
        return command.applies(to: words) ? (command.rule, command.shown) : nil
    }

    /// The command that a method of a client sends, by the method's name.
    static func command(ofMethod name: String) -> ForbiddenCommand? {
        methods[name.lowercased()]
    }

    private static let commands = Dictionary(
        ForbiddenCommand.all.map { ($0.name, $0) }, uniquingKeysWith: { $1 })

    private static let methods = Dictionary(
        ForbiddenCommand.all.flatMap { command in command.methods.map { ($0, command) } }, uniquingKeysWith: { $1 })

    /// True for `redis`, `self_redis_client`, `valkeyConnection`, and not for `redis_config` or `redisKeys`.
    static func isClientName(_ name: String) -> Bool {
        let lowercased = name.lowercased()
        guard lowercased.contains("redis") || lowercased.contains("valkey") else { return false }
        // Several of them lie in a collection, whose methods are no commands.
        if lowercased.hasSuffix("s"), !lowercased.hasSuffix("redis") { return false }
        return !thingsOfClients.contains { lowercased.hasSuffix($0) }
    }

    /// Names that look like a client's and are not.
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
