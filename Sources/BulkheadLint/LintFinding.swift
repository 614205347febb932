/// One thing that a lint has to say about a file.
package struct LintFinding: Sendable, Hashable {
    package let rule: LintRule
    /// From 1 on.
    package let line: Int
    /// From 1 on, in characters (Unicode scalars).
    package let column: Int
    /// A clause that begins in lower case, without a full stop.
    package let what: String
    /// A sentence without a full stop.
    package let instead: String
}

/// Where an offset lies.
struct SourcePosition {
    var line = 1
    var column = 1
    /// The offset of the line's first byte.
    var lineStart = 0
}

/// Lines and columns of places in a file.
struct SourcePositions {
    private let bytes: [UInt8]
    private var offset = 0
    private var current = SourcePosition()

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The place of an offset, which is at least that of the call before.
    mutating func position(of target: Int) -> SourcePosition {
        while offset < target, offset < bytes.count {
            let byte = bytes[offset]
            if byte == .newline {
                current = SourcePosition(line: current.line + 1, column: 1, lineStart: offset + 1)
            } else if byte & 0xc0 != 0x80 {
                // The column of a scalar counts those before it; the bytes that continue one do not.
                current.column += 1
            }
            offset += 1
        }
        return current
    }
}
