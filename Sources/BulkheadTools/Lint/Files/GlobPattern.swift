/// A pattern for paths, as in .gitignore: `*` and `?` stay within a component, `**` does not, `[a-z]` is a choice.
///
/// Without a slash it is matched against each component, else against the path from its start. What matches a folder
/// matches all in it. Components match as a whole: `temp` matches neither `templates` nor `temporal_queue.py`.
package struct GlobPattern: Sendable {
    private let pattern: [UInt8]
    private let isForComponents: Bool

    /// More would cost time: each byte of a path is held against each of the pattern.
    package static let longest = 1_024

    /// Nil if it is longer than `longest`.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.longest else { return nil }
        var bytes = Array(text.utf8)
        while bytes.count > 1, bytes.last == Self.slash { bytes.removeLast() }
        if bytes.starts(with: "./".utf8) { bytes.removeFirst(2) }
        isForComponents = !bytes.contains(Self.slash)
        if bytes.first == Self.slash { bytes.removeFirst() }
        pattern = bytes
    }

    /// True if it matches the path or a folder that it lies in.
    package func matches(_ path: some Collection<UInt8>) -> Bool {
        let parts = path.split(separator: Self.slash)
        if isForComponents { return parts.contains { matches(whole: Array($0)) } }
        var prefix: [UInt8] = []
        for part in parts {
            if !prefix.isEmpty { prefix.append(Self.slash) }
            prefix += part
            if matches(whole: prefix) { return true }
        }
        return false
    }

    private static let slash = UInt8(ascii: "/")

    /// Row by row over the pattern, so that no pattern costs more than the product of both lengths.
    private func matches(whole text: [UInt8]) -> Bool {
        // reached[i]: the pattern so far matches the first i bytes.
        var reached = [Bool](repeating: false, count: text.count + 1)
        reached[0] = true
        var index = 0
        while index < pattern.count {
            let byte = pattern[index]
            var next = [Bool](repeating: false, count: text.count + 1)
            if byte == UInt8(ascii: "*") {
                let isDeep = index + 1 < pattern.count && pattern[index + 1] == byte
                index += isDeep ? 2 : 1
                // `**/` matches no folder at all, too.
                let skipsSlash = isDeep && index < pattern.count && pattern[index] == Self.slash
                var isOpen = false
                for place in 0...text.count {
                    if place > 0, !isDeep, text[place - 1] == Self.slash { isOpen = false }
                    isOpen = isOpen || reached[place]
                    next[place] = isOpen
                }
                if skipsSlash {
                    index += 1
                    var behind = reached
                    for place in 0..<text.count where next[place] && text[place] == Self.slash { behind[place + 1] = true }
                    next = behind
                }
            } else {
                let (length, matches) = element(at: index)
                index += length
                for place in 0..<text.count where reached[place] && matches(text[place]) { next[place + 1] = true }
            }
            reached = next
        }
        return reached[text.count]
    }

    /// How long the element at an index is, and what it matches.
    private func element(at index: Int) -> (length: Int, matches: (UInt8) -> Bool) {
        let byte = pattern[index]
        switch byte {
        case UInt8(ascii: "?"): return (1, { $0 != Self.slash })
        case UInt8(ascii: "\\") where index + 1 < pattern.count:
            let literal = pattern[index + 1]
            return (2, { $0 == literal })
        case UInt8(ascii: "["):
            guard let end = pattern[(index + 1)...].dropFirst().firstIndex(of: UInt8(ascii: "]")) else { break }
            var set = pattern[(index + 1)..<end]
            let isNegated = set.first == UInt8(ascii: "!") || set.first == UInt8(ascii: "^")
            if isNegated { set = set.dropFirst() }
            let choice = Array(set)
            return (end + 1 - index, { $0 != Self.slash && Self.contains(choice, $0) != isNegated })
        default: break
        }
        return (1, { $0 == byte })
    }

    private static func contains(_ choice: [UInt8], _ byte: UInt8) -> Bool {
        var index = 0
        while index < choice.count {
            if index + 2 < choice.count, choice[index + 1] == UInt8(ascii: "-") {
                if choice[index] <= byte, byte <= choice[index + 2] { return true }
                index += 3
            } else {
                if choice[index] == byte { return true }
                index += 1
            }
        }
        return false
    }
}
