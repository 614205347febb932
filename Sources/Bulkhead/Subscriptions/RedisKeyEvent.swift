import BulkheadCommands
import BulkheadNetworking
public import BulkheadRESP

/// Something that happened to a key: it was set, deleted, has expired.
public struct RedisKeyEvent: Sendable, Hashable {
    /// The key, as it was sent.
    public let keyBytes: RESPBytes
    /// What happened.
    public let kind: Kind

    /// The key. One that is not UTF-8 is repaired; see ``keyBytes``.
    public var key: String { String(decoding: keyBytes, as: UTF8.self) }

    /// What happens to keys, by the server's word for it: mostly the name of a command.
    public struct Kind: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
        /// The server's word: `set`.
        public let rawValue: String

        /// An event by the server's word.
        public init(rawValue: String) { self.rawValue = rawValue }

        public var description: String { rawValue }
    }
}

extension RedisKeyEvent.Kind {
    /// A string was set.
    public static let set = Self(rawValue: "set")
    /// The key was deleted.
    public static let deleted = Self(rawValue: "del")
    /// A time to live was set.
    public static let expirySet = Self(rawValue: "expire")
    /// The key's time was over and it was removed. That may be long after its time: nobody asked for it before.
    public static let expired = Self(rawValue: "expired")
    /// The key was removed because memory was full.
    public static let evicted = Self(rawValue: "evicted")
    /// A key was created; only where the server's setting has `n`. Since 7.0.
    public static let created = Self(rawValue: "new")
    /// A key was asked for and not there; only where the server's setting has `m`.
    public static let missed = Self(rawValue: "keymiss")
    /// The key was renamed to another name.
    public static let renamedFrom = Self(rawValue: "rename_from")
    /// The key has the name of another one now.
    public static let renamedTo = Self(rawValue: "rename_to")

    /// The letter of `notify-keyspace-events` that it needs, where that is one alone.
    fileprivate var letter: Character? {
        switch self {
        case .expired: "x"
        case .evicted: "e"
        case .created: "n"
        case .missed: "m"
        default: nil
        }
    }
}

extension RedisDatabase {
    /// The events of this database's keys that match a pattern, as SCAN's MATCH takes it, and of no other database's.
    ///
    /// ```swift
    /// for try await event in try await databases[.knowledge].keyEvents(matching: "doc:*") {
    ///     if case .message(let change) = event { print(change.kind, change.key) }
    /// }
    /// ```
    /// The server sends them only if its setting `notify-keyspace-events` has `K` and the letters of some events: `KA`
    /// for nearly all. It is asked for that first, and without it this throws `key-events-off`. Where the login may not
    /// ask, nothing is checked, and where the setting is off nothing comes.
    ///
    /// All else is as with ``subscribe(to:as:keeping:)``: in a gap events may be missing. In a cluster every primary is
    /// asked and listened to.
    public func keyEvents(
        matching pattern: String = "*", keeping count: Int = 1_024
    ) async throws(RedisError) -> RedisSubscription<RedisKeyEvent> {
        try await keyEvents(.keys(matching: pattern), keeping: count)
    }

    /// Some events of all keys of this database, and of no other: fewer messages than with a pattern.
    ///
    /// ```swift
    /// for try await case .message(let session) in try await databases[.main].keyEvents(.expired) {
    ///     print(session.key)
    /// }
    /// ```
    /// It needs `E` in `notify-keyspace-events`, and the letters of these events: `Ex` for
    /// ``RedisKeyEvent/Kind/expired``.
    public func keyEvents(
        _ kind: RedisKeyEvent.Kind, _ more: RedisKeyEvent.Kind..., keeping count: Int = 1_024
    ) async throws(RedisError) -> RedisSubscription<RedisKeyEvent> {
        try await keyEvents(.kinds([kind] + more), keeping: count)
    }

    private func keyEvents(
        _ choice: KeyEventChoice, keeping count: Int
    ) async throws(RedisError) -> RedisSubscription<RedisKeyEvent> {
        do throws(RedisError) {
            for setting in try await everyPrimary(KeyEventChoice.question.command) {
                try choice.check(setting, in: name)
            }
        } catch {
            try KeyEventChoice.unknownSetting(error)
        }
        let channels = choice.channels(ofNumber: number)
        return try await subscription(to: channels, everywhere: true, keeping: count) { (message) throws(RedisError) in
            try choice.event(message)
        }
    }
}

extension BlockingRedisDatabase {
    /// The events of this database's keys that match a pattern, as the asynchronous form says.
    public func keyEvents(
        matching pattern: String = "*", keeping count: Int = 1_024
    ) throws(RedisError) -> BlockingRedisSubscription<RedisKeyEvent> {
        try keyEvents(.keys(matching: pattern), keeping: count)
    }

    /// Some events of all keys of this database, as the asynchronous form says.
    public func keyEvents(
        _ kind: RedisKeyEvent.Kind, _ more: RedisKeyEvent.Kind..., keeping count: Int = 1_024
    ) throws(RedisError) -> BlockingRedisSubscription<RedisKeyEvent> {
        try keyEvents(.kinds([kind] + more), keeping: count)
    }

    private func keyEvents(
        _ choice: KeyEventChoice, keeping count: Int
    ) throws(RedisError) -> BlockingRedisSubscription<RedisKeyEvent> {
        do throws(RedisError) {
            for setting in try everyPrimary(KeyEventChoice.question.command) { try choice.check(setting, in: name) }
        } catch {
            try KeyEventChoice.unknownSetting(error)
        }
        return try subscription(to: choice.channels(ofNumber: number), everywhere: true, keeping: count) {
            (message) throws(RedisError) in try choice.event(message)
        }
    }
}

/// Which key events are asked for, and what the server's setting must say for it.
enum KeyEventChoice: Sendable {
    case keys(matching: String)
    case kinds([RedisKeyEvent.Kind])

    static let question = RedisServerCommand<[String: String]>.configGet(["notify-keyspace-events"])

    /// Where the server does not say, nothing is known; any other failure is one.
    static func unknownSetting(_ error: RedisError) throws(RedisError) {
        if error.stage != .answered { throw error }
    }

    func channels(ofNumber number: Int) -> RedisChannels {
        switch self {
        case .keys(let pattern): .patterns("__keyspace@\(number)__:\(pattern)")
        case .kinds(let kinds): .channels(kinds.map { "__keyevent@\(number)__:\($0.rawValue)" })
        }
    }

    /// Throws `key-events-off` if the server would send none of them.
    func check(_ answer: [String: String], in database: DatabaseName) throws(RedisError) {
        guard let setting = answer["notify-keyspace-events"] else { return }
        let wanted: String
        var isEnough = setting.contains { !"KE".contains($0) }
        switch self {
        case .keys:
            wanted = "KA"
            isEnough = isEnough && setting.contains("K")
        case .kinds(let kinds):
            let letters = kinds.map { $0.letter ?? "A" }
            wanted = "E" + (letters.contains("A") ? "A" : "") + String(Set(letters.filter { $0 != "A" }).sorted())
            isEnough = isEnough && setting.contains("E")
            for case let letter? in kinds.map(\.letter) where !setting.contains(letter) {
                isEnough = isEnough && "xe".contains(letter) && setting.contains("A")
            }
        }
        if isEnough { return }
        throw RedisError(
            .keyEventsOff,
            "the server sends no such events: its setting notify-keyspace-events is \"\(setting)\"; set it to "
                + "\"\(wanted)\", in its file or by CONFIG SET",
            stage: .refused
        ).at(database)
    }

    func event(_ message: PushedMessage) throws(RedisError) -> RedisKeyEvent {
        guard let name = message.channel.suffixBehindColon, let content = message.content.bytes else {
            throw RedisError(.unexpectedReply, "a message on a key event's channel is no key event", stage: .answered)
        }
        let (key, word) =
            switch self {
            case .keys: (name, content)
            case .kinds: (content, name)
            }
        return RedisKeyEvent(
            keyBytes: key, kind: RedisKeyEvent.Kind(rawValue: String(decoding: word, as: UTF8.self)))
    }
}

extension RESPBytes {
    /// What is behind the first colon; nil without one.
    fileprivate var suffixBehindColon: RESPBytes? {
        firstIndex(of: UInt8(ascii: ":")).map { RESPBytes(self[index(after: $0)...]) }
    }
}
