/// What the names of settings say.
enum SettingName {
    static func isRedis(_ key: String) -> Bool {
        let lowercased = key.lowercased()
        return lowercased.contains("redis") || lowercased.contains("valkey")
    }

    /// What is said about `REDIS_DB=3`; nil if it chooses no database.
    static func numberSetting(in assignment: String) -> String? {
        guard let end = assignment.firstIndex(of: "=") else { return nil }
        let key = String(assignment[..<end])
        return numberSetting(key, assignment[assignment.index(after: end)...], isUnderRedis: false)
    }

    /// What is said about a key and its value; nil if they choose no database.
    static func numberSetting(_ key: String, _ value: some StringProtocol, isUnderRedis: Bool) -> String? {
        guard key.utf8.count <= 128, isNumber(value), choosesDatabase(key, isUnderRedis: isUnderRedis) else {
            return nil
        }
        return "\(key) \(value) chooses a database by number"
    }

    /// `${REDIS_DB:-3}`: what a variable is if nobody sets it, in a part of a file.
    static func defaults(in range: Range<Int>, of bytes: [UInt8]) -> [Sighting] {
        var found: [Sighting] = []
        var cursor = ByteCursor(bytes, range)
        while !cursor.isAtEnd {
            let start = cursor.offset
            guard cursor.isAt("${") else {
                cursor.advance()
                continue
            }
            cursor.advance(2)
            let name = cursor.text { $0.continuesName }
            let sign = cursor.text { ":-=".utf8.contains($0) }
            let value = cursor.text { $0.isDigit }
            guard [":-", "-", ":=", "="].contains(sign), cursor.peek() == UInt8(ascii: "}"),
                let what = numberSetting(name, value, isUnderRedis: false)
            else { continue }
            found.append(Sighting(.databaseNumber, at: start, what))
        }
        return found
    }

    /// True for `REDIS_DB` and its kin, as a program names a setting.
    static func isName(_ text: String) -> Bool {
        text.utf8.count <= 128 && isRedis(text) && text.utf8.allSatisfy { $0.continuesName || $0 == UInt8(ascii: ".") }
    }

    /// True for what holds options of Redis, and not for what it says about itself.
    static func isRedisOptions(_ name: String) -> Bool {
        let lowercased = name.lowercased()
        return isRedis(name)
            && !["stats", "status", "state", "info", "metrics", "counts", "report", "result", "response", "expected"]
                .contains { lowercased.hasSuffix($0) }
    }

    static func isNumber(_ value: some StringProtocol) -> Bool {
        !value.isEmpty && value.utf8.count <= 5 && value.utf8.allSatisfy(\.isDigit)
    }

    /// True for `REDIS_DB`, `APP_REDIS_DB_CACHE`, `spring.redis.database`, `redisDb`, and `db` under `redis`.
    private static func choosesDatabase(_ key: String, isUnderRedis: Bool) -> Bool {
        let parts = key.lowercased().split { !($0.isLetter || $0.isNumber) }
        guard let last = parts.last else { return false }
        let words: Set<Substring> = ["db", "database", "dbnumber", "dbindex", "databasenumber", "databaseindex"]
        if isUnderRedis || isRedis(key) {
            if words.contains(last) { return true }
            let isQualified = ["number", "index", "id", "num"].contains(last)
            if isQualified, parts.count > 1, words.contains(parts[parts.count - 2]) { return true }
        }
        guard isRedis(key) else { return false }
        if last.hasSuffix("redisdb") || last.hasSuffix("redisdatabase") || last.hasSuffix("valkeydb") { return true }
        // One name behind it, as in REDIS_DB_CACHE, and not REDIS_DB_TIMEOUT.
        guard parts.count > 2, parts[parts.count - 2] == "db", isRedis(String(parts[parts.count - 3])) else {
            return false
        }
        return !["timeout", "size", "pool", "port", "max", "min", "count", "ttl", "limit", "connections", "retries"]
            .contains(last)
    }
}
