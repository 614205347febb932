import BulkheadBenchmarkSupport

/// Conversations of a server by the grammar of RESP2 and RESP3: all types, streamed ones too, in any nesting.
struct Conversation {
    private(set) var wire: [UInt8] = []
    /// How many more values may be begun, so that nesting ends.
    private var budget: Int

    /// A valid conversation three times in sixteen, else one that was changed up to eight times.
    static func make(_ random: inout SeededGenerator) -> [UInt8] {
        var wire = valid(&random)
        if random.below(16) < 3 { return wire }
        for _ in 0...(random.once(in: 4) ? random.below(8) : random.below(2)) {
            Mutation.apply(to: &wire, alphabet: Mutation.respAlphabet, &random, other: valid)
        }
        return wire
    }

    private static func valid(_ random: inout SeededGenerator) -> [UInt8] {
        var conversation = Conversation(budget: 1 + random.below(random.once(in: 8) ? 60 : 12))
        if random.once(in: 64) { return conversation.deep(&random) }
        repeat { conversation.value(depth: 0, &random) } while conversation.budget > 0
        return conversation.wire
    }

    private init(budget: Int) { self.budget = budget }

    private mutating func write(_ text: String) { wire += text.utf8 }

    private mutating func line(_ type: String, _ content: [UInt8]) {
        write(type)
        wire += content
        write("\r\n")
    }

    mutating func value(depth: Int, _ random: inout SeededGenerator) {
        budget -= 1
        if random.once(in: 12), budget > 0 { attribute(depth: depth, &random) }
        let kind = random.below(depth < 8 && budget > 0 ? 24 : 14)
        switch kind {
        case 0: line("+", text(&random))
        case 1: line("-", text(&random))
        case 2, 3: write(":\(integer(&random))\r\n")
        case 4, 5: string("$", content(&random))
        case 6: string("!", content(&random))
        case 7: string("=", Array(random.pick(["txt:", "mkd:", "\u{1}:x:"]).utf8) + content(&random))
        case 8: write(random.pick(["_\r\n", "$-1\r\n", "*-1\r\n"]))
        case 9: write(random.pick(["#t\r\n", "#f\r\n"]))
        case 10: write(",\(double(&random))\r\n")
        case 11: write("(\(random.pick(["", "-", "+"]))\(String(repeating: "9", count: 1 + random.below(60)))\r\n")
        case 12, 13: streamedString(&random)
        case 14...16: aggregate("*", 1, depth, &random)
        case 17: aggregate("~", 1, depth, &random)
        case 18, 19: aggregate("%", 2, depth, &random)
        case 20: aggregate(">", 1, depth, &random)
        case 21: streamed("*", 1, depth, &random)
        case 22: streamed("~", 1, depth, &random)
        default: streamed("%", 2, depth, &random)
        }
    }

    // MARK: Parts

    private mutating func attribute(depth: Int, _ random: inout SeededGenerator) {
        let pairs = random.below(3)
        write("|\(pairs)\r\n")
        for _ in 0..<(2 * pairs) { value(depth: depth + 1, &random) }
        if random.once(in: 4), budget > 0 { attribute(depth: depth + 1, &random) }
    }

    private mutating func aggregate(_ type: String, _ values: Int, _ depth: Int, _ random: inout SeededGenerator) {
        let count = random.once(in: 10) ? random.below(40) : random.below(5)
        write("\(type)\(count)\r\n")
        for _ in 0..<(count * values) { value(depth: depth + 1, &random) }
    }

    private mutating func streamed(_ type: String, _ values: Int, _ depth: Int, _ random: inout SeededGenerator) {
        write("\(type)?\r\n")
        for _ in 0..<(random.below(5) * values) { value(depth: depth + 1, &random) }
        write(".\r\n")
    }

    private mutating func streamedString(_ random: inout SeededGenerator) {
        write("$?\r\n")
        for _ in 0..<random.below(4) {
            let part = content(&random)
            if !part.isEmpty { string(";", part) }
        }
        write(";0\r\n")
    }

    private mutating func string(_ type: String, _ content: [UInt8]) {
        write("\(type)\(content.count)\r\n")
        wire += content
        write("\r\n")
    }

    /// Around the limits of depth: 128, and 1,024 whatever is configured.
    private mutating func deep(_ random: inout SeededGenerator) -> [UInt8] {
        let open = random.pick(["*1\r\n", "*?\r\n", "~1\r\n", "|1\r\n+k\r\n+v\r\n", "|1\r\n"])
        let count = random.once(in: 2) ? random.pick([124, 1_020]) + random.below(8) : random.below(2_000)
        write(String(repeating: open, count: count))
        value(depth: 8, &random)
        if open.contains("?") { write(String(repeating: ".\r\n", count: count)) }
        return wire
    }

    // MARK: Content

    private func text(_ random: inout SeededGenerator) -> [UInt8] {
        if random.once(in: 2) { return Array(random.pick(["OK", "", "PONG", "ERR unknown", "QUEUED", "$5 *3"]).utf8) }
        return (0..<random.below(30)).map { _ in
            let byte = UInt8(truncatingIfNeeded: random.next())
            return byte == 13 || byte == 10 ? 32 : byte
        }
    }

    private func content(_ random: inout SeededGenerator) -> [UInt8] {
        switch random.below(random.once(in: 40) ? 6 : 4) {
        case 0: return Array(random.pick(["", "hello", "\r\n", "$3\r\nfoo\r\n", "\0", ";0\r\n", "+OK\r\n"]).utf8)
        case 5: return [UInt8](repeating: UInt8(ascii: "x"), count: 16_380 + random.below(10))
        case 4: return (0..<(4_000 + random.below(200))).map { UInt8(truncatingIfNeeded: $0) }
        default: return (0..<random.below(24)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        }
    }

    private func integer(_ random: inout SeededGenerator) -> String {
        switch random.below(4) {
        case 0: random.pick(["0", "-0", "+7", "007", "9223372036854775807", "-9223372036854775808"])
        case 1: "\(Int64(truncatingIfNeeded: random.next()))"
        default: "\(random.below(1_000) - 200)"
        }
    }

    private func double(_ random: inout SeededGenerator) -> String {
        if random.once(in: 2) {
            return random.pick([
                "inf", "-inf", "nan", "-nan", "0", "-0", "3.14", "1e10", "-2.5E-300", "+1.5", "10", "1e999", "5e-400",
                "4.9406564584124654e-324", "1.7976931348623157e308",
            ])
        }
        let number = Double(bitPattern: random.next())
        return number.isFinite ? "\(number)" : "1"
    }
}
