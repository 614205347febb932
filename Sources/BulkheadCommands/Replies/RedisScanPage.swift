public import BulkheadRESP

/// One step of a scan: where to go on, and what this step found.
///
/// A step may be empty before the end. A scan returns every element that was there from its start to its end, some
/// perhaps twice, and says nothing about elements added or removed meanwhile.
public struct RedisScanPage<Element: Sendable>: Sendable {
    /// Nil after the last page.
    public let cursor: RedisScanCursor?
    /// What this step found; may be empty before the end.
    public let elements: [Element]

    @usableFromInline
    init(
        redis reply: RESPValue, _ convert: (RESPValue) throws(RedisConversionError) -> [Element]
    ) throws(RedisConversionError) {
        let pair = try reply.requireElements("a cursor and a page", count: 2)
        guard let number = try pair[0].requireBytes(for: "a cursor").text.flatMap({ UInt64($0) }) else {
            throw RedisConversionError(expected: "a cursor of 64 bits", found: pair[0])
        }
        cursor = number == 0 ? nil : RedisScanCursor(number: number)
        elements = try convert(pair[1])
    }
}

extension RedisScanPage: Equatable where Element: Equatable {}
extension RedisScanPage: Hashable where Element: Hashable {}
extension RedisScanPage: Codable where Element: Codable {}

extension RedisScanPage where Element: RedisDecodable {
    /// A page whose elements convert as their type says.
    @inlinable
    init(redis reply: RESPValue) throws(RedisConversionError) {
        try self.init(redis: reply) { page throws(RedisConversionError) in try [Element](redis: page) }
    }

    /// A page of keys: the error for one that is no text says how to ask for its bytes.
    @inlinable
    init(keys reply: RESPValue) throws(RedisConversionError) {
        try self.init(redis: reply) { page throws(RedisConversionError) in
            do throws(RedisConversionError) {
                return try [Element](redis: page)
            } catch {
                throw error.naming("keys", ask: "ask with as: RESPBytes.self; one of them is no text")
            }
        }
    }
}
