import BulkheadRESP

/// New names for keys: another beginning in place of the old one, and the rest of the name as it is.
///
/// ```
/// old:=new:       old:42       becomes new:42
/// =archive/       42           becomes archive/42
/// old:=           old:42       becomes 42
/// \x00\xff=bin:   two bytes    become bin:     \= and \\ stand for themselves
/// ```
/// Every key must begin with the old beginning. Then no two keys get one name, and nothing is renamed that was not
/// meant; a pattern that finds other keys as well is refused beforehand (``covers(pattern:)``).
struct KeyRename: Sendable, Hashable {
    let old: [UInt8]
    let new: [UInt8]

    /// Reads `OLD=NEW`; nil without an equals sign, with a second one, or with another escape than those above.
    init?(_ text: String) {
        var sides: [[UInt8]] = [[]]
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "="): sides.append([])
            case UInt8(ascii: "\\"):
                guard let escaped = Self.escaped(&rest) else { return nil }
                sides[sides.count - 1].append(escaped)
            default: sides[sides.count - 1].append(byte)
            }
        }
        guard sides.count == 2, sides[0] != sides[1] else { return nil }
        old = sides[0]
        new = sides[1]
    }

    private static func escaped(_ rest: inout Substring.UTF8View) -> UInt8? {
        switch rest.popFirst() {
        case UInt8(ascii: "="): return UInt8(ascii: "=")
        case UInt8(ascii: "\\"): return UInt8(ascii: "\\")
        case UInt8(ascii: "x"):
            let digits = String(Substring(rest.prefix(2)))
            rest = rest.dropFirst(2)
            return [UInt8](hex: digits).flatMap { $0.count == 1 ? $0[0] : nil }
        default: return nil
        }
    }

    /// The new name; nil for a key that does not begin with the old beginning.
    func name(for key: RESPBytes) -> RESPBytes? {
        key.starts(with: old) ? RESPBytes(new + key.dropFirst(old.count)) : nil
    }

    /// True if a pattern finds only keys that begin with the old beginning.
    func covers(pattern: String?) -> Bool {
        KeyPattern(pattern ?? "*").literalPrefix.starts(with: old)
    }

    /// The same for all keys that a migration takes.
    func covers(_ keys: MigratedKeys) -> Bool {
        guard case .patterns(let patterns) = keys else { return old.isEmpty }
        return patterns.allSatisfy { $0.literalPrefix.starts(with: old) }
    }

    /// The old beginning as a pattern for all keys that have it.
    var pattern: String { KeyPattern.escaping(old) + "*" }
}
