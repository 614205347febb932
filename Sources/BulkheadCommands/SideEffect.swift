/// What running a command twice does: whether a client may send it again when nobody knows if the first one ran.
///
/// | Category | Commands | Twice is |
/// |---|---|---|
/// | read | GET, HGETALL, SCAN, ZRANGE …, PING, TIME, INFO | the same |
/// | idempotent write | SET, DEL, HSET, SADD, EXPIRE … | the same keys; the reply tells of the second run |
/// | accumulating write | INCR, APPEND, LPUSH, XADD, SPOP, SET … NX, RENAME … | something else |
/// | admin | CONFIG, ACL, CLIENT, FUNCTION, FLUSHDB … | the operator's business |
/// | never | scripts, EXEC, what blocks, and all that is not known here | unknown |
///
/// "The same" is meant of the command alone: between the two runs another client may have written.
public enum SideEffect: Sendable, Hashable, CaseIterable {
    /// Twice is the same.
    case read
    /// Twice leaves the same keys; the reply tells of the second run.
    case idempotentWrite
    /// Twice leaves something else than once.
    case accumulatingWrite
    /// A command for operators, who decide.
    case admin
    /// What it does is not known, or it must not be sent again.
    case never
}

extension SideEffect {
    /// Of a command with its arguments, which decide for some: SET … NX is another command than SET.
    ///
    /// It is worked out from the words, so only where a command failed.
    /// Of several commands in one piece the worst, as they are sent again together or not at all.
    package init(encoded bytes: [UInt8]) {
        var commands = EncodedCommands(bytes)
        self = .read
        while let command = commands.next() { self = max(self, SideEffect(command)) }
    }

    /// True if one of several commands in one piece runs a script or a function, which makes replies of its own.
    package static func isOfScript(encoded bytes: [UInt8]) -> Bool {
        var commands = EncodedCommands(bytes)
        while let command = commands.next() {
            if let name = command.first, scripts.contains(word(name)) { return true }
        }
        return false
    }

    private static let scripts: Set = ["EVAL", "EVAL_RO", "EVALSHA", "EVALSHA_RO", "FCALL", "FCALL_RO"]

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
        case _ where SideEffectTable.families.contains(name):
            self = SideEffectTable.readingSubcommands.contains(name + " " + (rest.first ?? "")) ? .read : .admin
        default:
            self =
                if SideEffectTable.read.contains(name) { .read
                } else if SideEffectTable.idempotent.contains(name) { .idempotentWrite
                } else if SideEffectTable.accumulating.contains(name) { .accumulatingWrite
                } else if SideEffectTable.admin.contains(name) { .admin
                } else { .never }
        }
    }

    private static let expiryOptions: Set = ["EX", "PX", "EXAT", "PXAT", "KEEPTTL"]

    private static func word(_ bytes: ArraySlice<UInt8>) -> String {
        // No option is long; a value may be.
        bytes.count > 32 ? "" : String(decoding: bytes, as: UTF8.self).uppercased()
    }
}

extension SideEffect: Comparable {
    private var severity: Int { Self.allCases.firstIndex(of: self)! }

    public static func < (left: SideEffect, right: SideEffect) -> Bool { left.severity < right.severity }
}
