package import BulkheadRESP

/// A message as it was published, detached from the block it was received in.
package struct PushedMessage: Sendable, Hashable {
    /// What it was listened to by.
    package let subject: SubscriptionSubject
    package let channel: RESPBytes
    package let content: RESPValue

    /// Nil if a push of that kind is no message.
    init?(_ elements: RESPArray, _ kind: PushKind, for subject: SubscriptionSubject) {
        switch kind {
        case .message, .shardMessage: channel = subject.name.detached()
        case .patternMessage:
            guard let name = elements[2].bytes else { return nil }
            channel = name.detached()
        case .confirmation, .invalidation, .other: return nil
        }
        self.subject = SubscriptionSubject(subject.kind, kind == .patternMessage ? subject.name.detached() : channel)
        content = elements[elements.count - 1].detached()
    }

    fileprivate var bytesInMemory: Int { channel.count + content.bytesInMemory }
}

/// What a subscriber reads.
package enum SubscriptionEvent: Sendable, Hashable {
    case message(PushedMessage)
    /// Messages may be missing here, as the connection was lost.
    case gap(SubscriptionFailure)
    /// So many messages are missing here, as they came faster than they were read.
    case overflow(Int)
}

/// What a subscriber has not read yet, within bounds.
///
/// When it is full, what comes is lost and counted until all that is kept was read. Then the count is read, and from
/// there on messages are kept again: so an overflow is one event, however long it lasts.
struct MessageBacklog: Sendable {
    /// Bytes of memory kept, a single message apart, which may have any size that `RESPLimits` permit.
    static let mostBytes = PushBacklog.mostBytes

    let mostMessages: Int
    private var events = RingQueue<SubscriptionEvent>()
    private(set) var bytes = 0
    private(set) var lost = 0
    /// The newest event is a gap.
    private var endsInGap = false
    /// A gap behind what is lost.
    private var gapBehind: SubscriptionFailure?

    init(mostMessages: Int) {
        self.mostMessages = max(1, mostMessages)
    }

    var isEmpty: Bool { events.isEmpty && lost == 0 }

    mutating func append(_ message: PushedMessage) {
        let size = message.bytesInMemory
        guard lost == 0, events.count < mostMessages, events.isEmpty || bytes + size <= Self.mostBytes else {
            lost += 1
            return
        }
        events.append(.message(message))
        bytes += size
        endsInGap = false
    }

    /// A gap behind a gap tells nothing new.
    mutating func appendGap(_ why: SubscriptionFailure) {
        if lost > 0 { return gapBehind = why }
        guard !endsInGap || events.isEmpty else { return }
        events.append(.gap(why))
        endsInGap = true
    }

    mutating func popFirst() -> SubscriptionEvent? {
        if let event = events.popFirst() {
            if case .message(let message) = event { bytes -= message.bytesInMemory }
            return event
        }
        guard lost > 0 else { return nil }
        let count = lost
        lost = 0
        endsInGap = false
        if let why = gapBehind.take() { appendGap(why) }
        return .overflow(count)
    }
}
