public import BulkheadRESP

/// A value that can stand in a command: as a key, a member, a number, a vector.
///
/// Everything is bytes on the wire:
///
/// | Type | Sent as |
/// |---|---|
/// | `String`, `Substring` | UTF-8 |
/// | every integer type but `UInt8`; `Double`, `Float16`, `Float80` | decimal |
/// | `Bool` | 1 or 0 |
/// | `[UInt8]`, `RESPBytes`, `Data` | the bytes as they are |
/// | `[Float]` | packed little-endian FLOAT32, as vector indexes want it |
/// | `Date` | seconds since 1970, with a fraction where there is one, exact to a microsecond |
/// | `UUID` | `E621E1F8-C36C-495A-93FC-0C247A3E6E5F` |
/// | `RedisJSONValue` | a `Codable` as JSON |
/// | an enum or another type of one raw value that declares it | the raw value |
///
/// A single `Float` or `UInt8` is no argument, because an array of them is one: write `Double(x)` or `Int(x)`.
public protocol RedisArgument: Sendable {
    /// Appends this value, as one argument.
    func append(to arguments: inout RedisArguments)
}

extension String: RedisArgument {
    /// The text as UTF-8.
    @inlinable
    public func append(to arguments: inout RedisArguments) { arguments.append(self) }
}

extension Substring: RedisArgument {
    /// The text as UTF-8.
    public func append(to arguments: inout RedisArguments) {
        var text = self
        text.withUTF8 { arguments.append(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension RESPBytes: RedisArgument {
    /// The bytes as they are.
    public func append(to arguments: inout RedisArguments) {
        withUnsafeBytes { arguments.append(bytes: $0) }
    }
}

extension RedisArgument where Self: RawRepresentable, RawValue: RedisArgument {
    /// The raw value: `enum Plan: String, RedisArgument { … }` needs no more.
    @inlinable
    public func append(to arguments: inout RedisArguments) { rawValue.append(to: &arguments) }
}
