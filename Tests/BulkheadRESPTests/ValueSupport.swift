import BulkheadRESP

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

extension RESPValue {
    static func bulk(_ text: String) -> RESPValue { .bulkString(RESPBytes(text)) }
    static func simple(_ text: String) -> RESPValue { .simpleString(RESPBytes(text)) }
    static func verbatim(_ format: String, _ content: String) -> RESPValue {
        RESPVerbatim(format: format, content: content.utf8).map { .verbatimString($0) } ?? .null
    }

    /// Equal, where nan counts as equal to nan.
    func isSame(as other: RESPValue) -> Bool {
        switch (self, other) {
        case (.double(let left), .double(let right)):
            left == right ? left.sign == right.sign : left.isNaN && right.isNaN
        case (.array(let left), .array(let right)), (.set(let left), .set(let right)),
            (.push(let left), .push(let right)):
            left.isSame(as: right)
        case (.map(let left), .map(let right)): left.flat.isSame(as: right.flat)
        case (.attribute(let left), .attribute(let right)):
            left.attributes.flat.isSame(as: right.attributes.flat) && left.value.isSame(as: right.value)
        default: self == other
        }
    }
}

extension RandomAccessCollection<RESPValue> where Index == Int {
    func isSame<Others: RandomAccessCollection<RESPValue>>(as others: Others) -> Bool where Others.Index == Int {
        guard count == others.count else { return false }
        var index = 0
        while index < count {
            guard self[index].isSame(as: others[index]) else { return false }
            index += 1
        }
        return true
    }
}

extension RESPBytes {
    /// Equality at the speed of the C library, for strings of megabytes in a debug build.
    func holds(_ content: [UInt8]) -> Bool {
        withUnsafeBytes { mine in
            content.withUnsafeBytes { theirs in
                mine.count == theirs.count
                    && (mine.isEmpty || memcmp(mine.baseAddress!, theirs.baseAddress!, mine.count) == 0)
            }
        }
    }
}
