public import BulkheadRESP

// Pairs, and what they become. One reply comes in several shapes: RESP3 sends maps and arrays of pairs where RESP2
// sends flat arrays, and RESP2 sends arrays of pairs for some of RESP3's maps (XREAD). A program must not see which
// protocol it got, so all of them are read by `RedisPairs`.

/// The pairs of a reply: a map, an array of pairs, or a flat array of keys and values.
@usableFromInline
package struct RedisPairs {
    @usableFromInline let elements: RESPArray
    @usableFromInline let isFlat: Bool

    /// Throws if the reply is none of the three.
    @usableFromInline
    package init(_ reply: RESPValue, of what: String) throws(RedisConversionError) {
        // Names are bulk strings.
        if case .array(let elements) = reply, elements.count.isMultiple(of: 2), elements.bulkString(at: 0) != nil {
            self.elements = elements
            isFlat = true
            return
        }
        let value = reply.withoutAttributes
        guard let elements = value.elements else { throw RedisConversionError(expected: what, found: reply) }
        self.elements = elements
        if case .map = value {
            isFlat = true
        } else {
            // A key is never an array.
            isFlat = elements.first?.withoutAttributes.elements == nil
        }
        guard !isFlat || elements.count % 2 == 0 else { throw RedisConversionError(expected: what, found: reply) }
    }

    @inlinable package var count: Int { isFlat ? elements.count / 2 : elements.count }

    @inlinable
    package func pair(_ index: Int) throws(RedisConversionError) -> (key: RESPValue, value: RESPValue) {
        let (elements, key) = try place(index)
        return (elements[key], elements[key + 1])
    }

    /// The pair at `index`, converted.
    @inlinable
    func pair<Key: RedisDecodable, Value: RedisDecodable>(
        _ index: Int, as types: (Key.Type, Value.Type)
    ) throws(RedisConversionError) -> (key: Key, value: Value) {
        let place = try place(index)
        return (try Key.element(place.key, of: place.elements), try Value.element(place.key + 1, of: place.elements))
    }

    /// Where the key of a pair is, in front of its value.
    @inlinable
    func place(_ index: Int) throws(RedisConversionError) -> (elements: RESPArray, key: Int) {
        if isFlat { return (elements, 2 * index) }
        return (try elements[index].requireElements("a pair", count: 2), 0)
    }

    /// One of `Element` for each pair.
    @inlinable
    package func map<Element>(
        _ convert: (RESPValue, RESPValue) throws(RedisConversionError) -> Element
    ) throws(RedisConversionError) -> [Element] {
        var converted: [Element] = []
        converted.reserveCapacity(count)
        for index in 0..<count {
            let (key, value) = try pair(index)
            converted.append(try convert(key, value))
        }
        return converted
    }
}

extension RESPValue {
    /// The pairs of a map as arrays of two; nil if it is no map.
    @usableFromInline var pairsOfMap: RESPArray? {
        guard case .map(let map) = withoutAttributes else { return nil }
        return RESPArray(map.lazy.map { RESPValue.array([$0.key, $0.value]) })
    }
}

// MARK: Dictionaries and sets

extension Dictionary: RedisDecodable where Key: RedisDecodable, Value: RedisDecodable {
    /// A map, an array of pairs or a flat array of keys and values, as either protocol sends it.
    ///
    /// Throws if two keys are equal: as `String` keys are whose bytes differ by Unicode normalisation only.
    @inlinable
    public init(redis value: RESPValue) throws(RedisConversionError) {
        let pairs = try RedisPairs(value, of: "pairs")
        self.init(minimumCapacity: pairs.count)
        for index in 0..<pairs.count {
            let (key, value) = try pairs.pair(index, as: (Key.self, Value.self))
            self[key] = value
        }
        if count < pairs.count { throw .equalKeys(Key.self, among: pairs.count, distinct: count) }
    }
}

extension Set: RedisDecodable where Element: RedisDecodable {
    /// The elements of a set of RESP3 or the array that RESP2 sends in its place; an element may be repeated.
    ///
    /// Throws if elements that differ are equal: as `String`s are whose bytes differ by Unicode normalisation only.
    @inlinable
    public init(redis value: RESPValue) throws(RedisConversionError) {
        let elements = try [Element](redis: value)
        self = Set(elements)
        guard count < elements.count else { return }
        let distinct = value.distinctElements
        if count < distinct { throw .equalMembers(Element.self, among: distinct, distinct: count) }
    }
}

extension RESPValue {
    /// How many of the elements differ by their bytes.
    @usableFromInline var distinctElements: Int { withoutAttributes.elements.map { Set($0).count } ?? 0 }
}

extension RedisConversionError {
    @usableFromInline
    static func equalKeys(_ type: Any.Type, among count: Int, distinct: Int) -> RedisConversionError {
        RedisConversionError(
            expected: "keys that differ as \(type) (keys whose bytes differ may be equal as text: ask for RESPBytes or "
                + "[UInt8] keys; if a key is repeated, for an array)",
            found: "\(count) pairs with \(distinct) different keys")
    }

    @usableFromInline
    static func equalMembers(_ type: Any.Type, among count: Int, distinct: Int) -> RedisConversionError {
        RedisConversionError(
            expected: "members that differ as \(type) (members whose bytes differ may be equal as text: ask for "
                + "RESPBytes or [UInt8])",
            found: "\(count) members that would become \(distinct)")
    }
}
