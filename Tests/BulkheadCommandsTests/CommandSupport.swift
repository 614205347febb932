import BulkheadCommands
import BulkheadRESP

/// The arguments of a command as the server reads them, its name first; nil if it is not exactly one command.
func arguments<Reply>(of command: RedisCommand<Reply>) -> [RESPBytes]? {
    var decoder = RESPDecoder()
    decoder.feed(command.encoded.bytes)
    guard case .array(let words)? = try? decoder.next(), (try? decoder.next()) == nil else { return nil }
    return words.compactMap { word in
        if case .bulkString(let bytes) = word { bytes } else { nil }
    }
}

/// The same as text; bytes that are not UTF-8 as `\xNN`.
func words<Reply>(_ command: RedisCommand<Reply>) -> [String] {
    arguments(of: command)?.map(\.description) ?? ["not one command"]
}

/// The command's last argument, byte for byte.
func lastArgument<Reply>(_ command: RedisCommand<Reply>) -> [UInt8]? {
    arguments(of: command)?.last.map { Array($0) }
}

/// What the caller gets for this reply of a server.
func reply<Reply>(_ value: RESPValue, to command: RedisCommand<Reply>) throws(RedisConversionError) -> Reply {
    try command.decode(value)
}

extension RESPValue {
    static func bulk(_ text: String) -> RESPValue { .bulkString(RESPBytes(text)) }
    static func bulk(bytes: [UInt8]) -> RESPValue { .bulkString(RESPBytes(bytes)) }
    static func simple(_ text: String) -> RESPValue { .simpleString(RESPBytes(text)) }
    static func bulks(_ texts: String...) -> RESPValue { .array(texts.map { .bulk($0) }) }
    static func pairs(_ pairs: (RESPValue, RESPValue)...) -> RESPValue { .map(RESPMap(pairs)) }

    /// The same value behind an attribute, as RESP3 allows before any.
    var withAttribute: RESPValue { .attribute(RESPMap([(.bulk("ttl"), .integer(1))]), self) }
}
