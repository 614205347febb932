/// One reply of a server: every type of RESP2 and RESP3.
///
/// The three nulls of the wire (`$-1`, `*-1`, `_`) are one ``null``, and a streamed string or aggregate is the same
/// value as its counted twin. A value is 24 bytes; strings and aggregates point to shared, immutable storage.
public enum RESPValue: Sendable {
    /// `+OK`: a short status line.
    case simpleString(RESPBytes)
    /// `-ERR …`: an error line; its first word is the code.
    case error(RESPBytes)
    /// `:42`
    case integer(Int64)
    /// `$5` and five bytes.
    case bulkString(RESPBytes)
    /// `!21` and 21 bytes: an error that may hold any byte.
    case bulkError(RESPBytes)
    /// `_`, `$-1` or `*-1`.
    case null
    /// `#t` or `#f`
    case boolean(Bool)
    /// `,3.14`, `,inf`, `,-inf`, `,nan`
    case double(Double)
    /// `(123…`: the digits of an integer of any size, with its sign if it had one.
    case bigNumber(RESPBytes)
    /// `=15` and `txt:` with the text: a three-byte format, and content to show as it is.
    case verbatimString(RESPVerbatim)
    /// `*3`
    case array(RESPArray)
    /// `~3`: members in the server's order.
    case set(RESPArray)
    /// `%2`: pairs in the server's order; keys may repeat.
    case map(RESPMap)
    /// `>3`: out of band, never a reply to a command.
    case push(RESPArray)
    /// `|1`: data about the value that follows it, and that value.
    case attribute(RESPAttributed)
}

extension RESPValue {
    /// An array of these values, copied.
    public static func array(_ values: [RESPValue]) -> RESPValue { .array(RESPArray(values)) }
    /// A set of these values, copied.
    public static func set(_ values: [RESPValue]) -> RESPValue { .set(RESPArray(values)) }
    /// A push of these values, copied.
    public static func push(_ values: [RESPValue]) -> RESPValue { .push(RESPArray(values)) }
    /// A value with data about it.
    public static func attribute(_ attributes: RESPMap, _ value: RESPValue) -> RESPValue {
        .attribute(RESPAttributed(attributes, value))
    }
}

/// A value with data about it.
public struct RESPAttributed: Sendable, Hashable {
    /// The data as a map, and the value: where all that values hold lies, nests are released without recursion.
    let parts: RESPArray

    init(parts: RESPArray) { self.parts = parts }

    /// `attributes` about `value`.
    public init(_ attributes: RESPMap, _ value: RESPValue) { parts = [.map(attributes), value] }

    /// The data.
    public var attributes: RESPMap {
        guard case .map(let map) = parts[0] else { return RESPMap(flat: []) }
        return map
    }

    /// What it is about; it may have attributes again.
    public var value: RESPValue { parts[1] }
}

/// The pairs of a map, in the order of the wire.
public struct RESPMap: Sendable, Hashable {
    /// key, value, key, value …
    public let flat: RESPArray

    init(flat: RESPArray) { self.flat = flat }

    /// The pairs in their order; a key may stand twice, as on the wire.
    public init(_ pairs: some Sequence<(RESPValue, RESPValue)>) {
        var flat = ElementBuilder(capacity: pairs.underestimatedCount * 2)
        for (key, value) in pairs {
            flat.append(key)
            flat.append(value)
        }
        self.flat = flat.finish()
    }

    /// The first value whose key is the string `name`, in time linear in the number of pairs.
    public subscript(name: String) -> RESPValue? {
        first { $0.key.bytes?.elementsEqual(name.utf8) ?? false }?.value
    }
}

extension RESPMap: RandomAccessCollection {
    public var startIndex: Int { 0 }
    public var endIndex: Int { flat.count / 2 }
    public subscript(position: Int) -> (key: RESPValue, value: RESPValue) {
        (flat[2 * position], flat[2 * position + 1])
    }
}

/// A verbatim string: text with a three-byte format such as `txt` or `mkd`.
public struct RESPVerbatim: Sendable, Hashable {
    /// The whole of the wire's bytes: format, colon, content.
    let whole: RESPBytes

    init(whole: RESPBytes) { self.whole = whole }

    /// Nil unless `format` is three bytes of ASCII, as the protocol demands.
    public init?(format: String, content: some Collection<UInt8>) {
        guard format.utf8.count == 3, format.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        whole = RESPBytes(Array(format.utf8) + [UInt8(ascii: ":")] + content)
    }

    /// The three letters: `txt`, `mkd`.
    public var format: String { String(decoding: whole.prefix(3), as: UTF8.self) }

    /// What stands behind the format.
    public var content: RESPBytes {
        RESPBytes(storage: whole.storage, offset: Int(whole.offset) + 4, count: whole.count - 4)
    }
}

extension RESPValue {
    /// The bytes of any kind of string (simple, bulk, verbatim content, big number); nil for all else, errors too.
    public var bytes: RESPBytes? {
        switch self {
        case .simpleString(let bytes), .bulkString(let bytes), .bigNumber(let bytes): bytes
        case .verbatimString(let verbatim): verbatim.content
        default: nil
        }
    }

    /// The message of an error of either kind; nil for all else.
    public var errorMessage: RESPBytes? {
        switch self {
        case .error(let bytes), .bulkError(let bytes): bytes
        default: nil
        }
    }

    /// The elements of an array, set or push, and the flat keys and values of a map; nil for all else.
    public var elements: RESPArray? {
        switch self {
        case .array(let elements), .set(let elements), .push(let elements): elements
        case .map(let map): map.flat
        default: nil
        }
    }

    /// The value itself, without attributes around it.
    public var withoutAttributes: RESPValue {
        var value = self
        while case .attribute(let attributed) = value { value = attributed.value }
        return value
    }
}
