#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif
public import BulkheadCommands
public import BulkheadRESP

extension Data: RedisArgument {
    public func append(to arguments: inout RedisArguments) {
        withUnsafeBytes { arguments.append(bytes: $0) }
    }
}

extension Data: RedisDecodable {
    public init(redis value: RESPValue) throws(RedisConversionError) {
        self.init(try RESPBytes(redis: value))
    }
}
