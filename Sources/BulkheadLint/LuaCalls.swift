/// Commands that a Lua script sends: `redis.call('SELECT', 3)`.
enum LuaCalls {
    static func find(in text: String) -> [(rule: LintRule, command: String)] {
        guard text.utf8.count > 12, text.contains("call(") else { return [] }
        var found: [(rule: LintRule, command: String)] = []
        var cursor = ByteCursor(Array(text.utf8))
        while !cursor.isAtEnd {
            let length = lengthOfCall(at: cursor)
            guard length > 0 else {
                cursor.advance()
                continue
            }
            cursor.advance(length)
            cursor.advance { $0.isBlank || $0 == .newline }
            guard cursor.peek() == .quote || cursor.peek() == .apostrophe else { continue }
            cursor.advance()
            let start = cursor.offset
            cursor.advance { $0.isLetter }
            if let verdict = RedisWords.verdict(on: [cursor.text(from: start)]) { found.append(verdict) }
        }
        return found
    }

    private static func lengthOfCall(at cursor: ByteCursor) -> Int {
        if cursor.isAt("redis.call(") { return 11 }
        if cursor.isAt("redis.pcall(") { return 12 }
        if cursor.isAt("server.call(") { return 12 }
        return cursor.isAt("server.pcall(") ? 13 : 0
    }
}
