/// A list of many packed nodes.
///
/// ```
/// type 14: length, then that many strings with a ziplist each
/// type 18: length, then that many nodes: 1 and a string that is one element, or 2 and a string with a listpack
/// ```
///
/// Source: `rdbSaveObject` in `src/rdb.c` of Redis 6.2 and 7.0.
enum Quicklist {
    static func decode(_ value: inout ValueReader) throws(RDBViolation) -> [[UInt8]] {
        var elements: [[UInt8]] = []
        try each(&value) { elements.append($0) }
        return elements
    }

    static func decode2(_ value: inout ValueReader) throws(RDBViolation) -> [[UInt8]] {
        var elements: [[UInt8]] = []
        try each2(&value) { elements.append($0) }
        return elements
    }

    /// Hands out the elements, node by node.
    static func each(_ value: inout ValueReader, _ take: ([UInt8]) -> Void) throws(RDBViolation) {
        for _ in 0..<(try value.count(of: "nodes of a list")) {
            for element in try value.elements(of: Ziplist.self) { take(element) }
        }
    }

    static func each2(_ value: inout ValueReader, _ take: ([UInt8]) -> Void) throws(RDBViolation) {
        for _ in 0..<(try value.count(of: "nodes of a list", bytesEach: 2)) {
            let unread = value.bytes
            switch try value.number() {
            case 1: take(try value.string())
            case 2: for element in try value.elements(of: Listpack.self) { take(element) }
            case let container:
                throw unread.malformed("a node of a list has the unknown container \(container)")
            }
        }
    }
}
