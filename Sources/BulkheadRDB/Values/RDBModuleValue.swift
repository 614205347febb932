/// The value of a module's own type, as the module wrote it.
///
/// ```
/// id as a length: 9 characters of 6 bits, then 10 bits with the version of the encoding
/// then items, each a length that says what follows:
///     1, 2  an integer, as a length          3  4 bytes, a float
///     5     a string                         4  8 bytes, a double
///     0     the end
/// ```
///
/// Source: `moduleTypeNameByID` in `src/module.c` and `rdbLoadCheckModuleValue` in `src/rdb.c` of Redis.
package struct RDBModuleValue: Sendable, Hashable {
    /// The name of the type, nine characters; what `TYPE` says.
    package var name: String
    /// The version of the module's own encoding, 0...1023.
    package var encodingVersion: Int
    /// The items as they stand there, the end included.
    package var bytes: [UInt8]

    package init(name: String, encodingVersion: Int, bytes: [UInt8]) {
        self.name = name
        self.encodingVersion = encodingVersion
        self.bytes = bytes
    }

    /// A vector set becomes one; every other type stays bytes, whose structure is checked.
    static func decode(_ value: inout ValueReader) throws(RDBViolation) -> RDBValue {
        let id = try value.number()
        let name = name(of: id)
        let version = Int(id & 0x3ff)
        if name == RDBVectorSet.moduleName, version == RDBVectorSet.encodingVersion {
            return .vectorSet(try RDBVectorSet.decode(&value))
        }
        let start = value.bytes
        try skipItems(&value)
        var items = start
        let bytes = try value.keep(try items.take(UInt64(value.bytes.consumed - start.consumed)))
        return .module(RDBModuleValue(name: name, encodingVersion: version, bytes: bytes))
    }

    private static let characters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// The name in the upper 54 bits of an id.
    package static func name(of id: UInt64) -> String {
        let bytes = (0..<9).map { place in characters[Int(id >> UInt64(58 - 6 * place) & 0x3f)] }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func skipItems(_ value: inout ValueReader) throws(RDBViolation) {
        while true {
            let unread = value.bytes
            switch try value.number() {
            case 0: return
            case 1, 2: _ = try value.number()
            case 3: _ = try value.bytes.take(4)
            case 4: _ = try value.bytes.take(8)
            case 5: try value.skipString()
            case let kind: throw unread.malformed("an item of a module value has the unknown kind \(kind)")
            }
        }
    }
}
