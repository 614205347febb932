#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif
public import BulkheadCommands
public import BulkheadRESP

extension UUID: RedisArgument {
    /// The text that string interpolation gives, in upper case: `E621E1F8-C36C-495A-93FC-0C247A3E6E5F`.
    public func append(to arguments: inout RedisArguments) { arguments.append(uuidString) }
}

extension UUID: RedisDecodable {
    /// Reads its text, in upper or lower case; throws if it is something else.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        guard let bytes = value.withoutAttributes.bytes, let id = bytes.text.flatMap({ UUID(uuidString: $0) }) else {
            throw RedisConversionError(expected: "a UUID", found: value)
        }
        self = id
    }
}
