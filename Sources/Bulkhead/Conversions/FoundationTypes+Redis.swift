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

extension Date: RedisArgument {
    /// Seconds since 1970 in decimal, with a fraction of up to six digits where there is one: what EXPIREAT and Redis's
    /// own times count in. What is beyond ±292,277 years is sent as that.
    public func append(to arguments: inout RedisArguments) {
        let microseconds = Int64(clamping: timeIntervalSince1970 * 1_000_000)
        let (seconds, rest) = microseconds.magnitude.quotientAndRemainder(dividingBy: 1_000_000)
        let sign = microseconds < 0 ? "-" : ""
        guard rest > 0 else { return arguments.append("\(sign)\(seconds)") }
        var digits = String(rest + 1_000_000).dropFirst()
        while digits.last == "0" { digits.removeLast() }
        arguments.append("\(sign)\(seconds).\(digits)")
    }
}

extension Date: RedisDecodable {
    /// Seconds since 1970, with a fraction or without; throws if it is no finite number.
    ///
    /// Milliseconds, as PEXPIRETIME answers them, are read as an `Int64` instead.
    public init(redis value: RESPValue) throws(RedisConversionError) {
        let seconds = try Double(redis: value)
        guard seconds.isFinite else {
            throw RedisConversionError(expected: "seconds since 1970", found: "a number that is not finite")
        }
        self.init(timeIntervalSince1970: seconds)
    }
}

extension RedisExpiry {
    /// The key expires at this date, by the server's clock; sent in milliseconds. Since Redis 6.2.0
    public static func at(_ date: Date) -> RedisExpiry { .at(unixMilliseconds: date.unixMilliseconds) }
}

extension RedisExpiryChange {
    /// The key expires at this date, by the server's clock; sent in milliseconds.
    public static func at(_ date: Date) -> RedisExpiryChange { .at(unixMilliseconds: date.unixMilliseconds) }
}

extension Date {
    /// Rounded up, so that a key does not expire before the date.
    fileprivate var unixMilliseconds: Int64 { Int64(clamping: (timeIntervalSince1970 * 1_000).rounded(.up)) }
}

extension Int64 {
    /// The nearest integer; 0 for nan.
    fileprivate init(clamping number: Double) {
        let rounded = number.rounded()
        if rounded.isNaN {
            self = 0
        } else {
            self = Int64(exactly: rounded) ?? (rounded < 0 ? .min : .max)
        }
    }
}

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
