/// What running a command twice does: whether a client may send it again when nobody knows if the first one ran.
///
/// | Category | Commands | Twice is |
/// |---|---|---|
/// | read | GET, HGETALL, SCAN, ZRANGE …, PING, TIME, INFO | the same |
/// | idempotent write | SET, DEL, HSET, SADD, EXPIRE … | the same keys; the reply shows the second run |
/// | accumulating write | INCR, APPEND, LPUSH, XADD, SPOP, SET … NX, RENAME … | something else |
/// | admin | CONFIG, ACL, CLIENT, FUNCTION, FLUSHDB … | the operator's business |
/// | never | scripts, EXEC, what blocks, and all that is not known here | unknown |
///
/// "The same" is meant of the command alone: between the two runs another client may have written.
public struct RedisSideEffect: Sendable, Hashable {
    /// A word fit for a label: `idempotent-write`.
    public let name: String
    /// The greater, the less may it run twice.
    private let severity: Int

    private init(_ name: String, severity: Int) {
        self.name = name
        self.severity = severity
    }

    /// Twice is the same.
    public static let read = RedisSideEffect("read", severity: 0)
    /// Twice leaves the same keys; the reply shows that it was the second run.
    public static let idempotentWrite = RedisSideEffect("idempotent-write", severity: 1)
    /// Twice leaves something else than once.
    public static let accumulatingWrite = RedisSideEffect("accumulating-write", severity: 2)
    /// A command for operators, who decide.
    public static let admin = RedisSideEffect("admin", severity: 3)
    /// What it does is not known, or it must not be sent again.
    public static let never = RedisSideEffect("never", severity: 4)
}

extension RedisSideEffect {
    /// Of a command with its arguments, which decide for some: SET … NX is another command than SET.
    ///
    /// It is worked out from the words, so only where a command failed.
    /// Of several commands sent together the worst, as they are sent again together or not at all.
    package init(encoded bytes: [UInt8]) {
        var commands = EncodedCommands(bytes)
        var worst = RedisSideEffect.read
        while let command = commands.next() { worst = max(worst, RedisSideEffect(command)) }
        self = worst
    }

    /// True if one of several commands sent together runs a script or a function, which makes replies of its own.
    package static func isOfScript(encoded bytes: [UInt8]) -> Bool {
        var commands = EncodedCommands(bytes)
        while let command = commands.next() {
            if let name = command.first, CommandTable.entry(word(name), nil)?.isScript == true { return true }
        }
        return false
    }

    /// True if the table has each of several commands sent together.
    package static func knowsAll(encoded bytes: [UInt8]) -> Bool {
        var commands = EncodedCommands(bytes)
        while let command = commands.next() {
            let name = command.first.map(word) ?? ""
            if CommandTable.entry(name, command.dropFirst().first.map(word)) == nil { return false }
        }
        return true
    }

    private init(_ command: [ArraySlice<UInt8>]) {
        let name = command.first.map(Self.word) ?? ""
        let rest = command.dropFirst().map(Self.word)
        switch name {
        case "SET":
            // Key and value may look like an option.
            let isPlain = rest.dropFirst(2).allSatisfy { Self.expiryOptions.contains($0) || Int($0) != nil }
            self = isPlain ? .idempotentWrite : .accumulatingWrite
        case "ZADD":
            // Options stand before the first score.
            let options = rest.dropFirst().prefix { Double($0) == nil }
            self = options.allSatisfy { $0 == "CH" } ? .idempotentWrite : .accumulatingWrite
        case "EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT":
            self = rest.count == 2 ? .idempotentWrite : .accumulatingWrite
        case "XREAD":
            self = rest.blockOption != nil ? .never : .read
        case "SORT":
            self = rest.contains("STORE") ? .accumulatingWrite : .read
        default:
            // What the table does not have, nobody can speak for.
            self = CommandTable.entry(name, rest.first)?.effect ?? .never
        }
    }

    private static let expiryOptions: Set = ["EX", "PX", "EXAT", "PXAT", "KEEPTTL"]

    private static func word(_ bytes: ArraySlice<UInt8>) -> String {
        // No option is long; a value may be.
        bytes.count > 32 ? "" : String(decoding: bytes, as: UTF8.self).uppercased()
    }
}

extension RedisSideEffect: Comparable, CustomStringConvertible {
    public var description: String { name }

    /// True if the left one may be sent again where the right one may.
    public static func < (left: RedisSideEffect, right: RedisSideEffect) -> Bool { left.severity < right.severity }
}
