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
