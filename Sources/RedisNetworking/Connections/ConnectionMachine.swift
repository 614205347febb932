package import RESP

/// The life of one connection as a pure struct: events in, actions out. It knows no sockets, threads or clocks.
///
/// ```
/// connecting ──connected()──▶ handshaking ──SELECT said OK──▶ ready
///     └──────────────────────────┴───────────────────────────────┴────ended(_:)──▶ closed
/// ```
/// `close()` refuses new requests in any state and lets those in line finish.
///
/// Requests are accepted from the start and wait in line; their bytes are handed out only when the handshake is
/// over. So a command runs in the database it was named for, or not at all. Replies belong to requests strictly in
/// order; a reply nobody waits for ends the connection.
///
/// The asynchronous and the blocking connection drive the same machine; `Waiter` is whatever they resume.
package struct ConnectionMachine<Waiter: Sendable>: Sendable {
    enum State: Sendable {
        /// → handshaking by `connected`, → closed
        case connecting
        /// → ready when every question is answered, → closed
        case handshaking(Handshake)
        /// → closed
        case ready
        /// The end, with the reason that later requests are refused with.
        case closed(ConnectionFailure)
    }

    /// How many replies a request takes.
    package enum Expectation: Sendable, Hashable {
        /// One a command.
        case replies(Int)
        /// SUBSCRIBE and its kin answer by one confirmation a channel, as pushes in RESP3 and arrays in RESP2.
        case confirmations(Int)
    }

    private struct Request: Sendable {
        var waiter: Waiter
        let isSubscription: Bool
        var missing: Int
        var replies: [RESPValue] = []
        /// It takes one reply, of any kind.
        var isPlain: Bool { missing == 1 && !isSubscription && replies.isEmpty }
        /// Where its bytes begin in everything this connection ever sends.
        let firstByte: Int
    }

    /// What a received value means for the shell.
    package enum Reception: Sendable {
        case nothing
        /// Write these at once, ahead of all requests.
        case send([UInt8])
        /// The handshake is over: requests may be written now.
        case ready
        /// The request's only reply, or its only confirmation.
        case completed(Waiter, RESPValue)
        /// The replies of a request of several, in order.
        case completedAll(Waiter, [RESPValue])
        case pushed(RESPValue)
        /// The connection must end with this failure.
        case broken(ConnectionFailure)
    }

    private let settings: ConnectionSettings
    private(set) var state = State.connecting
    private(set) var version: RESPVersion
    private var line = RingQueue<Request>()
    private var outgoing: [UInt8] = []
    /// Bytes of requests handed out to be written, ever.
    private var handedOut = 0
    private var isSubscribed = false
    /// Set by `close`: nothing new is accepted, what is in line goes on.
    private var isClosing = false

    package init(_ settings: ConnectionSettings) {
        self.settings = settings
        version = settings.version
    }

    /// Requests that wait for a reply, sent or not.
    package var requestsInLine: Int { line.count }

    /// True until the handshake is over.
    package var isHandshaking: Bool {
        switch state {
        case .connecting, .handshaking: true
        case .ready, .closed: false
        }
    }

    private var isReady: Bool {
        if case .ready = state { true } else { false }
    }

    /// True if `takeOutgoing` would return bytes.
    package var hasOutgoing: Bool { !outgoing.isEmpty && isReady }

    /// True once closed or closing.
    package var refusesRequests: Bool {
        if case .closed = state { return true }
        return isClosing
    }

    /// True if nothing is under way and nothing but ordinary commands ever was: fit for the next lease.
    package var isIdle: Bool {
        guard case .ready = state else { return false }
        return line.isEmpty && !isSubscribed && !isClosing
    }

    // MARK: Events

    /// The socket is connected; write the result at once.
    package mutating func connected() -> [UInt8] {
        guard case .connecting = state else { return [] }
        var handshake = Handshake(settings)
        let bytes = handshake.start()
        state = .handshaking(handshake)
        return bytes
    }

    /// Puts a request in line; nil if accepted, else why not, with nothing changed.
    package mutating func submit(
        _ bytes: some Collection<UInt8>, _ expectation: Expectation, _ waiter: Waiter
    ) -> ConnectionFailure? {
        if case .closed(let failure) = state { return failure.at(.refused) }
        if isClosing {
            return ConnectionFailure(.closed, "the connection to \(settings.endpoint) is closing", progress: .refused)
        }
        let firstByte = handedOut + outgoing.count
        switch expectation {
        case .replies(let count):
            line.append(Request(waiter: waiter, isSubscription: false, missing: count, firstByte: firstByte))
        case .confirmations(let count):
            line.append(Request(waiter: waiter, isSubscription: true, missing: count, firstByte: firstByte))
        }
        outgoing.append(contentsOf: bytes)
        return nil
    }

    /// Has somebody else wait for the first reply to come; somebody must be in line.
    package mutating func replaceFirstWaiter(by waiter: Waiter) {
        line.withFirst { $0.waiter = waiter }
    }

    /// Exchanges what `buffer` holds for all bytes that may be written now; its room serves the next ones.
    package mutating func takeOutgoing(into buffer: inout [UInt8]) {
        buffer.removeAll(keepingCapacity: buffer.capacity <= 64 << 10)
        guard hasOutgoing else { return }
        handedOut += outgoing.count
        swap(&outgoing, &buffer)
    }

    /// The same for who has no buffer yet.
    package mutating func takeOutgoing() -> [UInt8] {
        var bytes: [UInt8] = []
        takeOutgoing(into: &bytes)
        return bytes
    }

    /// Whole values have arrived; takes them, and appends what each means.
    package mutating func received(_ values: inout [RESPValue], _ receptions: inout RingQueue<Reception>) {
        for index in values.indices {
            // Moved out, not copied: two counts fewer of the receive buffer's references.
            var value = RESPValue.null
            swap(&value, &values[index])
            if let waiter = takeWaiter(ofPlain: value) {
                receptions.append(.completed(waiter, value))
            } else {
                receptions.append(received(value))
            }
        }
        values.removeAll(keepingCapacity: true)
    }

    /// The short way for nearly all: the waiter of a request for one reply, if `value` cannot be anything else.
    private mutating func takeWaiter(ofPlain value: RESPValue) -> Waiter? {
        switch value {
        case .push, .attribute, .array: return nil
        default: break
        }
        guard isReady, !line.isEmpty, line.withFirst({ $0.isPlain }) else { return nil }
        return line.popFirst()?.waiter
    }

    /// A whole value has arrived.
    package mutating func received(_ value: RESPValue) -> Reception {
        switch state {
        case .handshaking(var handshake):
            if case .push = value { return .nothing }
            let step = handshake.received(value.withoutAttributes)
            state = .handshaking(handshake)
            switch step {
            case .wait: return .nothing
            case .send(let bytes): return .send(bytes)
            case .failed(let failure): return .broken(failure)
            case .ready(let agreed):
                version = agreed
                state = .ready
                return .ready
            }
        case .ready:
            return deliver(value)
        case .connecting, .closed:
            return .nothing
        }
    }

    /// Accepts nothing new from now on.
    package mutating func close() {
        isClosing = true
    }

    /// True when a closing connection has nothing left to wait for: its socket can go.
    package var isDrained: Bool { isClosing && line.isEmpty }

    /// The connection is over: everything in line fails, each with what is known about its bytes.
    package mutating func ended(_ failure: ConnectionFailure) -> [(Waiter, ConnectionFailure)] {
        if case .closed = state { return [] }
        let neverWritten: Bool
        switch state {
        case .connecting, .handshaking: neverWritten = true
        default: neverWritten = false
        }
        state = .closed(failure)
        outgoing = []
        var failed: [(Waiter, ConnectionFailure)] = []
        while let request = line.popFirst() {
            let mayHaveBeenSent = !neverWritten && request.firstByte < handedOut
            failed.append((request.waiter, failure.at(mayHaveBeenSent ? .mayHaveBeenSent : .inLine)))
        }
        return failed
    }

    // MARK: Replies

    private mutating func deliver(_ value: RESPValue) -> Reception {
        let outOfBand = outOfBandKind(of: value)
        if let kind = outOfBand {
            guard Self.confirmations.contains(kind), !line.isEmpty, line.withFirst({ $0.isSubscription }) else {
                return .pushed(value)
            }
            isSubscribed = Self.subscriptionsLeft(value) != 0
        } else if line.isEmpty {
            return .broken(
                ConnectionFailure(
                    .unsolicitedReply,
                    "\(settings.endpoint) sent a reply that no request waits for; "
                        + "the connection is closed so that it reaches nobody"))
        }
        let isLast = line.withFirst { request in
            request.missing -= 1
            // A request of one reply never touches the array.
            if request.missing > 0 || !request.replies.isEmpty { request.replies.append(value) }
            // What is no confirmation, say NOPERM or QUEUED, is the only answer to a subscription.
            return request.missing == 0 || (request.isSubscription && outOfBand == nil)
        }
        guard isLast, let request = line.popFirst() else { return .nothing }
        return request.replies.isEmpty
            ? .completed(request.waiter, value) : .completedAll(request.waiter, request.replies)
    }

    private static var confirmations: Set<String> {
        ["subscribe", "psubscribe", "ssubscribe", "unsubscribe", "punsubscribe", "sunsubscribe"]
    }

    /// The count that ends a confirmation; nil if it is no number.
    private static func subscriptionsLeft(_ confirmation: RESPValue) -> Int64? {
        guard case .integer(let count) = confirmation.withoutAttributes.elements?.last else { return nil }
        return count
    }

    private static var messages: Set<String> { ["message", "pmessage", "smessage"] }

    /// The kind of a push, or of an array that stands for one in RESP2; nil for a reply.
    private mutating func outOfBandKind(of value: RESPValue) -> String? {
        switch value {
        case .push(let elements):
            return elements.first?.bytes?.text ?? ""
        case .attribute(_, let inner):
            return outOfBandKind(of: inner)
        case .array(let elements) where version == .resp2:
            // Cheap for all who never subscribe: only then can an array be out of band.
            guard isSubscribed || (!line.isEmpty && line.withFirst({ $0.isSubscription })) else { return nil }
            guard let kind = elements.first?.bytes?.text else { return nil }
            return Self.confirmations.contains(kind) || Self.messages.contains(kind) ? kind : nil
        default:
            return nil
        }
    }
}
