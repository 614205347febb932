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
        for _ in 0..<(try value.count(of: "nodes of a list")) {
            elements += try value.elements(of: Ziplist.self)
        }
        return elements
    }

    static func decode2(_ value: inout ValueReader) throws(RDBViolation) -> [[UInt8]] {
        var elements: [[UInt8]] = []
        for _ in 0..<(try value.count(of: "nodes of a list", bytesEach: 2)) {
            let unread = value.bytes
            switch try value.number() {
            case 1: elements.append(try value.string())
            case 2: elements += try value.elements(of: Listpack.self)
            case let container:
                throw unread.malformed("a node of a list has the container \(container), which is not known")
            }
        }
        return elements
    }
}
