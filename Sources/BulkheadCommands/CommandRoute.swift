package import BulkheadRESP

/// The way a command takes through the client.
///
/// | Route | Commands |
/// |---|---|
/// | shared | all that is not named below |
/// | bulk | SCAN family, KEYS, DUMP, RESTORE, SORT, MGET, whole hashes, sets and ranges, XREAD |
/// | searching: as bulk, and only where the server's search indexes are | FT.CREATE, FT.SEARCH, FT.AGGREGATE … |
/// | blocking: a lease of its own | BLPOP and its kin, XREAD and XREADGROUP with BLOCK |
/// | conversation: only inside `withConnection` | MULTI, WATCH, SUBSCRIBE and kin, CLIENT TRACKING, READONLY, WAIT … |
/// | refused: another database | SELECT, SWAPDB, MOVE, MIGRATE, COPY … DB, FLUSHALL; FLUSHDB has a method |
/// | answered: nothing to ask for | DEL, MGET, SADD … of no keys, fields or members |
/// | refused: nothing to write | HSET, MSET, LPUSH … of nothing |
/// | refused: the end of replies | RESET, QUIT, MONITOR, CLIENT REPLY, SCRIPT DEBUG, HELLO, AUTH, SYNC |
@usableFromInline
package enum CommandRoute: Sendable, Hashable {
    /// The lane that all callers share.
    case shared
    /// The second shared lane, for what is slow or large.
    case bulk
    /// The same; refused in the databases that the server's search indexes do not know.
    case searching
    /// A leased connection for as long as the command waits.
    case blocking
    /// Several commands that need one connection; SUBSCRIBE and its kin answer by so many confirmations, an
    /// UNSUBSCRIBE that names no channel by one or more.
    case conversation(confirmations: Int)
    /// Never sent, because the reply is known: the command names nothing.
    case answered(KnownReply)
    /// Never sent; the reason says what to do instead.
    case refused(reason: Reason)

    /// The reply to a command that names nothing.
    @usableFromInline
    package enum KnownReply: Sendable, Hashable {
        /// None was changed or found.
        case zero
        /// There is none to read.
        case nothing

        /// As a server would send it.
        package var reply: RESPValue { self == .zero ? .integer(0) : .array(RESPArray()) }
    }

    /// Why a command is never sent, in words written into the program: a route holds no memory and is copied for
    /// nothing.
    @usableFromInline
    package struct Reason: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
        private let text: StaticString

        @usableFromInline
        package init(stringLiteral text: StaticString) { self.text = text }

        /// The reason and what to do instead: `close the databases instead`.
        @usableFromInline
        package var description: String { text.description }

        @usableFromInline
        package static func == (left: Reason, right: Reason) -> Bool { left.description == right.description }
        @usableFromInline
        package func hash(into hasher: inout Hasher) { hasher.combine(description) }
    }
}

extension CommandRoute {
    /// The route of a command written by hand, read from its own bytes.
    init(rawCommand bytes: [UInt8]) {
        self.init(words: Self.words(of: bytes))
    }

    /// No word of the table is longer; a longer argument stands as an empty one, whatever its size.
    private static let longestWord = 64

    /// The arguments of an encoded command in upper case, each made when it is looked at: most routes need the first.
    static func words(of bytes: [UInt8]) -> some Sequence<String> {
        EncodedArguments(bytes).lazy.map { argument in
            argument.count <= longestWord ? String(decoding: argument, as: UTF8.self).uppercased() : ""
        }
    }

    /// What arguments decide, and all else by the table; `words` are in upper case, the command's name first.
    private init(words: some Sequence<String>) {
        var first = words.makeIterator()
        let name = first.next() ?? ""
        let second = first.next() ?? ""
        switch name {
        case "":
            self = .refused(reason: "a command needs a name")
        case _ where name.contains(where: \.isWhitespace):
            self = .refused(reason: "the name is one word: pass the other words as arguments")
        case "COPY" where words.dropFirst(3).contains("DB"):
            self = .refused(reason: "COPY with DB reaches into another database")
        case "DEBUG" where second == "FLUSHALL":
            self = CommandTable.refusal(of: second).map { .refused(reason: $0) } ?? .bulk
        case "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE":
            // To end all subscriptions of a sort is confirmed once at least.
            let least = name.contains("UNSUBSCRIBE") ? 1 : 0
            let channels = words.dropFirst().reduce(0) { count, _ in count + 1 }
            self =
                max(channels, least) > 0
                ? .conversation(confirmations: max(channels, least))
                : .refused(reason: "name the channels to subscribe to")
        case "XREAD", "XREADGROUP":
            self = words.dropFirst().blockOption != nil ? .blocking : .bulk
        default:
            self.init(name, second)
        }
    }

    /// As the table says; what it does not have takes the shared lane.
    private init(_ name: String, _ second: String) {
        switch CommandTable.entry(name, second)?.route {
        case "bulk": self = .bulk
        case "search": self = .searching
        case "lease": self = .blocking
        case "connection": self = .conversation(confirmations: 0)
        case "refused":
            self =
                CommandTable.refusal(of: name).map { .refused(reason: $0) }
                ?? CommandTable.refusal(of: "\(name) \(second)").map { .refused(reason: $0) } ?? .shared
        default: self = .shared
        }
    }
}
