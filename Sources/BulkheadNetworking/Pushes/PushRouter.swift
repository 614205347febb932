import BulkheadRESP

/// Who gets which of the values that a server pushes to one connection, as a pure struct.
///
/// A message goes to those who registered for its channel, pattern or shard channel, and so does a confirmation that
/// answers no command; an invalidation to those who registered for that. What nobody registered for, and what is of no
/// kind known here, goes to those who take the rest: a lease's stream, which takes everything today.
struct PushRouter<Reader: Sendable>: Sendable {
    enum Interest: Hashable, Sendable {
        case channel(RESPBytes)
        case pattern(RESPBytes)
        case shardChannel(RESPBytes)
        case invalidation
        case rest
    }

    /// What `unregister` takes back.
    struct Registration: Hashable, Sendable {
        fileprivate let interest: Interest
        fileprivate let number: Int

        var isForRest: Bool { interest == .rest }
    }

    private struct Entry: Sendable {
        let registration: Registration
        let reader: Reader
    }

    private var rest: [Entry] = []
    private var others: [Interest: [Entry]] = [:]
    private var newest = 0

    /// Gives `reader` what fits `interest` from now on, behind those who registered before. Constant time.
    mutating func register(_ reader: Reader, for interest: Interest) -> Registration {
        newest += 1
        let entry = Entry(registration: Registration(interest: interest, number: newest), reader: reader)
        if interest == .rest { rest.append(entry) } else { others[interest, default: []].append(entry) }
        return entry.registration
    }

    /// Gives that reader no more. Linear in those who registered for the same.
    mutating func unregister(_ registration: Registration) {
        if registration.interest == .rest { return rest.removeAll { $0.registration == registration } }
        others[registration.interest]?.removeAll { $0.registration == registration }
        if others[registration.interest]?.isEmpty == true { others[registration.interest] = nil }
    }

    /// Calls `body` with each reader of a push and its registration, in the order they registered. One look-up, and
    /// none where all take the rest.
    func forEachReader(of push: RESPValue, _ body: (Reader, Registration) -> Void) {
        var entries = rest
        if !others.isEmpty, let interest = Self.interest(in: push), let registered = others[interest] {
            entries = registered
        }
        for entry in entries { body(entry.reader, entry.registration) }
    }

    private static func interest(in push: RESPValue) -> Interest? {
        guard let elements = push.withoutAttributes.elements else { return nil }
        let name = elements.count > 1 ? elements[1].bytes : nil
        switch PushKind(of: elements) {
        case .message: return name.map { .channel($0) }
        case .patternMessage: return name.map { .pattern($0) }
        case .shardMessage: return name.map { .shardChannel($0) }
        case .invalidation: return .invalidation
        case .other: return nil
        case .confirmation(.subscribe), .confirmation(.unsubscribe): return name.map { .channel($0) }
        case .confirmation(.psubscribe), .confirmation(.punsubscribe): return name.map { .pattern($0) }
        case .confirmation(.ssubscribe), .confirmation(.sunsubscribe): return name.map { .shardChannel($0) }
        }
    }
}
