/// Commands that a Lua script sends: `redis.call('SELECT', 3)`.
enum LuaCalls {
    private static let openings: [StaticString] = ["redis.call(", "redis.pcall(", "server.call(", "server.pcall("]

    static func find(in text: String) -> [(rule: LintRule, command: String)] {
        guard text.contains("call(") else { return [] }
        var found: [(rule: LintRule, command: String)] = []
        var cursor = ByteCursor(Array(text.utf8))
        while !cursor.isAtEnd {
            let opening = openings.first { cursor.isAt($0) }
            cursor.advance(opening?.utf8CodeUnitCount ?? 1)
            guard opening != nil else { continue }
            cursor.advance { $0.isBlank || $0 == .newline }
            guard cursor.peek() == .quote || cursor.peek() == .apostrophe else { continue }
            cursor.advance()
            let start = cursor.offset
            cursor.advance { $0.isLetter }
            if let verdict = RedisWords.verdict(on: [cursor.text(from: start)]) { found.append(verdict) }
        }
        return found
    }
}
