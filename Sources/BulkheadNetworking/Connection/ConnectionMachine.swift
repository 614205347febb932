package import BulkheadRESP

/// The life of one connection as a pure struct: events in, actions out. It knows no sockets, threads or clocks.
///
/// ```
/// connecting ──connected()──▶ handshaking ──SELECT said OK──▶ ready
///     └──────────────────────────┴───────────────────────────────┴────ended(_:)──▶ closed
/// ```
/// `close()` refuses new requests in any state and lets those in the queue finish.
///
/// Requests are accepted from the start and wait in the queue; their bytes are handed out only when the handshake is
/// over. So a command runs in the database it was named for, or not at all. Replies belong to requests strictly in
/// order; a reply nobody waits for ends the connection.
///
/// The asynchronous and the blocking connection drive the same machine; `Waiter` is whatever they resume.
package struct ConnectionMachine<Waiter: Sendable>: Sendable {
    enum State: Sendable {
        /// → handshaking by `connected`, → closed
        case connecting
        /// → ready when every question is answered, → closed
        /// In a box: the state is looked at for every request, and copied with all that is in it.
        indirect case handshaking(Handshake)
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
        case confirmations
        /// One, and in the same piece an ECHO that must come back: else the connection ends there, and nobody behind
        /// gets a reply.
        case proof(Proof)
    }

    /// A request that takes one plain reply must own nothing but its waiter, as `takeWaiter` does not destroy it.
    struct Request: Sendable {
        /// Nil once it was cancelled: its replies are dropped when they come.
        var waiter: Waiter?
        /// What its waiter calls it by; see `cancel`.
        var ticket: Int
        /// Is asked whether it was cancelled; nil of a waiter that cancels its request itself.
        var task: CallersTask?
        var deadline: Deadline
        let isSubscription: Bool
        let isProof: Bool
        /// Zero only if it was cancelled before send: nothing of it will ever leave, and no reply come. Of a
        /// subscription the number under which `subscriptions` has it.
        var missing: Int32
        /// A proof's begin with the answer that ECHO must give.
        var replies: [RESPValue]
        /// It takes one reply, of any kind.
        var isPlain: Bool { missing == 1 && !isSubscription && replies.isEmpty }
        /// Where its bytes begin in everything this connection ever sends.
        var firstByte: Int
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
        /// The server has answered AUTH of a connection in use, with the login of that number.
        case loggedIn(Int, isAccepted: Bool)
        /// The connection must end with this failure.
        case broken(ConnectionFailure)
    }

    /// Bytes of a request that are gathered with those of others in any case: copying them costs less than a block.
    static var largestCopied: Int { 64 << 10 }

    private(set) var settings: ConnectionSettings
    /// Beside the settings, of which the compiler would copy all to look at these.
    private let bounds: LaneBounds
    private(set) var state = State.connecting
    private(set) var version: RESPVersion
    var queue = RingQueue<Request>()
    /// Bytes of requests, of which those from `outgoingStart` on wait to be handed out.
    var outgoing: [UInt8] = []
    var outgoingStart = 0
    /// Where in everything this connection ever sends the first of those bytes stands.
    var handedOut = 0
    /// Requests in the queue that were cancelled before send, and their bytes; see `dropCancelledIfMany`.
    var cancelledBeforeSend = 0
    var bytesCancelledBeforeSend = 0
    /// Where tickets rise along the queue, one is found in logarithmic time. Where they do not, the first search for
    /// one writes down where the bytes of each begin, by ticket; nothing is written down else.
    var isInTicketOrder = true
    var beginnings: [Int: Int] = [:]
    private var newestTicket = 0
    /// Where the next request begins whose task is asked whether it was cancelled; 0 is the first.
    var nextToAsk = 0
    /// Somebody who has a task to be asked waited at the looks of this pass over the queue.
    var isAnyoneToBeAsked = false
    /// Requests looked at so far to find those to cancel.
    package internal(set) var searchSteps = 0
    /// Subscriptions that the server has confirmed, and the commands that await confirmations, by number.
    var ledger = SubscriptionLedger()
    var subscriptions: [Int32: SubscriptionRequest] = [:]
    var newestSubscription: Int32 = 0
    /// Set by `close`: nothing new is accepted, what is in the queue goes on.
    private var isClosing = false
    private var reasonToClose: ConnectionFailure?
    /// A surplus reply has come, or a proof failed: which reply is whose is unknown from here on, and nothing more is
    /// to leave.
    var isBroken = false
    /// Requests in the queue that were cancelled after send: their replies will come, and are dropped.
    var cancelledAfterSend = 0
    /// No request's deadline is earlier.
    var nextDeadline = Moment.never
    /// Whether the peer answers at all.
    var silence = Silence()
    private var unawaitedBytes = 0
    /// By ticket, how much longer a request stays in the queue when its deadline is over; of those that wait on the
    /// server.
    package var extensions: [Int: Duration] = [:]
    /// What the server calls this connection by; nil where it has not said so.
    package private(set) var clientID: Int64?
    /// Which login the connection has, and a new one that it is to have; see `renewLogin`.
    var loginNumber = 0
    var pendingLogin: Login?
    var askedLogin = 0
    var loginStep = LoginStep.none
    /// It goes on as it is, and is not to be lent again: the server has refused the newest login.
    var isOutdated = false

    package init(_ settings: ConnectionSettings) {
        self.settings = settings
        bounds = settings.bounds
        version = settings.version
    }

    /// Requests that wait for a reply, sent or not.
    package var queuedRequests: Int { queue.count - cancelledBeforeSend }

    /// True until the handshake is over.
    package var isHandshaking: Bool {
        switch state {
        case .connecting, .handshaking: true
        case .ready, .closed: false
        }
    }

    var isReady: Bool {
        if case .ready = state { true } else { false }
    }

    /// True if `takeOutgoing` would return bytes.
    package var hasOutgoing: Bool { (loginStep == .none ? !outgoing.isEmpty : mayLogIn) && isReady && !isBroken }

    /// Why the connection has ended; nil before that.
    package var failure: ConnectionFailure? {
        if case .closed(let failure) = state { failure } else { nil }
    }

    /// True once closed or closing.
    package var refusesRequests: Bool {
        if case .closed = state { return true }
        return isClosing
    }

    /// True if nothing is under way and nothing but ordinary commands ever was: fit for the next lease.
    package var isIdle: Bool { queue.isEmpty && isFree && loginStep == .none }

    /// The same, but that replies which nobody wants may still come, or the connection is still being made: the next
    /// request waits for that.
    package var isFree: Bool {
        queue.count == cancelledAfterSend && !ledger.isSubscribed && !refusesRequests && !isOutdated
    }

    /// Gives back the room of requests that are over; for a connection that expects nothing.
    package mutating func releaseSpareMemory() {
        guard queue.isEmpty, outgoing.isEmpty else { return }
        queue = RingQueue()
        beginnings = [:]
        outgoing = []
    }

    // MARK: Events

    /// The socket is connected; write the result at once. `settings` are those of the server that was found.
    package mutating func connected(to settings: ConnectionSettings) -> [UInt8] {
        guard case .connecting = state else { return [] }
        self.settings = settings
        loginNumber = settings.loginNumber
        var handshake = Handshake(settings)
        let bytes = handshake.start()
        state = .handshaking(handshake)
        return bytes
    }

    /// It was the wrong server: another one will be connected, and nothing but the handshake has been written.
    package mutating func startOver() {
        if case .closed = state { return }
        state = .connecting
        version = settings.version
        clientID = nil
    }

    /// The same, to the server of the settings.
    package mutating func connected() -> [UInt8] { connected(to: settings) }

    /// Queues a request; nil if accepted, else why not, with nothing changed.
    package mutating func submit(
        _ bytes: [UInt8], _ expectation: Expectation, _ waiter: Waiter, ticket: Int = 0, deadline: Deadline = .none
    ) -> ConnectionFailure? {
        submit(bytes, expectation, waiter, of: nil, ticket: ticket, deadline: deadline)
    }

    /// The same for a waiter whose task is asked whether it was cancelled, by `cancelRequests`.
    mutating func submit(
        _ bytes: [UInt8], _ expectation: Expectation, _ waiter: Waiter, of task: CallersTask?, ticket: Int,
        deadline: Deadline
    ) -> ConnectionFailure? {
        if let refusal = refusal(of: bytes.count) { return refusal }
        enter(bytes, expectation, waiter, task, ticket, deadline)
        return nil
    }

    /// The same for one command that takes one reply: its bytes are copied behind those of others.
    mutating func submit(
        copying bytes: UnsafeRawBufferPointer, _ waiter: Waiter, of task: CallersTask?, ticket: Int, deadline: Deadline
    ) -> ConnectionFailure? {
        if let refusal = refusal(of: bytes.count) { return refusal }
        enter(waiter, task, ticket, deadline, replies: 1)
        outgoing.append(contentsOf: bytes)
        return nil
    }

    /// Queues a request whose only reply nobody waits for.
    mutating func enterUnawaited(_ bytes: [UInt8]) {
        enter(bytes, .replies(1), nil, nil, newestTicket, .none)
        cancelledAfterSend += 1
        unawaitedBytes += bytes.count
    }

    /// Bytes of all requests that somebody made.
    var requestedBytes: Int { endOfOutgoing - unawaitedBytes }

    private mutating func enter(
        _ bytes: [UInt8], _ expectation: Expectation, _ waiter: Waiter?, _ task: CallersTask?, _ ticket: Int,
        _ deadline: Deadline
    ) {
        let (count, isSubscription, proof): (Int, Bool, Proof?) =
            switch expectation {
            case .replies(let count): (count, false, nil)
            case .confirmations: (enter(SubscriptionRequest(bytes)), true, nil)
            case .proof(let proof): (2, false, proof)
            }
        enter(waiter, task, ticket, deadline, replies: count, isSubscription, proof)
        // What stands alone and is large is written from where it was encoded.
        if outgoing.isEmpty && bytes.count > Self.largestCopied {
            outgoing = bytes
        } else {
            outgoing.append(contentsOf: bytes)
        }
        if isSubscription { outgoing.append(contentsOf: fence(behind: count)) }
    }

    /// Queues a request without its bytes, which are to follow.
    @inline(__always)
    private mutating func enter(
        _ waiter: Waiter?, _ task: CallersTask?, _ ticket: Int, _ deadline: Deadline, replies: Int,
        _ isSubscription: Bool = false, _ proof: Proof? = nil
    ) {
        if queue.isEmpty {
            nextDeadline = deadline.end
            isInTicketOrder = true
            if !beginnings.isEmpty { beginnings = [:] }
        } else {
            nextDeadline = min(nextDeadline, deadline.end)
            // Callers come in another order than they got their tickets in now and then.
            if ticket < newestTicket { isInTicketOrder = false }
        }
        newestTicket = ticket
        if !beginnings.isEmpty { noteBeginning(of: ticket) }
        queue.append(
            Request(
                waiter: waiter, ticket: ticket, task: task, deadline: deadline, isSubscription: isSubscription,
                isProof: proof != nil, missing: Int32(clamping: replies), replies: proof.map { [$0.answer] } ?? [],
                firstByte: endOfOutgoing))
    }

    /// Mutating only so that the machine is not copied for the question.
    private mutating func refusal(of size: Int) -> ConnectionFailure? {
        if case .closed(let failure) = state { return failure.at(.refused) }
        if let reasonToClose { return reasonToClose.at(.refused) }
        if isClosing {
            return ConnectionFailure(.closed, "the connection to \(settings.endpoint) is closing", stage: .refused)
        }
        guard queuedRequests >= bounds.requests || waitingBytes >= bounds.unwrittenBytes else {
            return nil
        }
        return tooManyRequests
    }

    private var tooManyRequests: ConnectionFailure {
        ConnectionFailure(
            .tooManyRequests,
            "\(queuedRequests) requests and \(waitingBytes) unwritten bytes already wait for \(settings.endpoint): "
                + "send less at a time, or raise maximumRequests and maximumUnwrittenBytes",
            stage: .refused)
    }

    /// Has somebody else wait for the first reply to come; somebody must be in the queue.
    mutating func replaceFirstWaiter(by waiter: Waiter, of task: CallersTask? = nil, ticket: Int = 0) {
        queue.withFirst { request in
            request.waiter = waiter
            request.task = task
            request.ticket = ticket
        }
        isInTicketOrder = queue.count == 1
        beginnings = [:]
        newestTicket = ticket
    }

    /// Exchanges what `buffer` holds for the next bytes to be written, at most `largestPiece` of them or one request;
    /// its room serves the next ones. Nothing means that there are none.
    package mutating func takeOutgoing(into buffer: inout [UInt8]) {
        if !buffer.isEmpty { buffer.removeAll(keepingCapacity: true) }
        guard hasOutgoing else { return }
        guard loginStep == .none else { return takeLogin(into: &buffer) }
        guard outgoing.count <= Self.largestPiece, outgoingStart == 0, cancelledBeforeSend == 0 else {
            return takePiece(into: &buffer)
        }
        handedOut += outgoing.count
        swap(&outgoing, &buffer)
    }

    /// A whole value has arrived.
    package mutating func received(_ value: RESPValue) -> Reception {
        switch state {
        case .handshaking(var handshake):
            // A push with attributes is a push: counted as an answer it would make up for one that is missing.
            let reply = value.withoutAttributes
            if case .push = reply { return .nothing }
            let step = handshake.received(reply)
            state = .handshaking(handshake)
            switch step {
            case .wait: return .nothing
            case .send(let bytes): return .send(bytes)
            case .failed(let failure): return .broken(failure)
            case .ready(let agreed):
                version = agreed
                clientID = handshake.clientID
                state = .ready
                return .ready
            }
        case .ready:
            return isBroken ? .nothing : deliver(value)
        case .connecting, .closed:
            return .nothing
        }
    }

    /// Accepts nothing new from now on.
    ///
    /// `failure` is why the connection is about to end, for those who are refused until it has.
    package mutating func close(because failure: ConnectionFailure? = nil) {
        isClosing = true
        reasonToClose = reasonToClose ?? failure
    }

    /// True when a closing connection has nothing left that anybody waits for: its socket can go.
    package var isDrained: Bool { isClosing && queue.count == cancelledAfterSend }

    /// The connection is over: everything in the queue fails, each with what is known about its bytes.
    package mutating func ended(_ failure: ConnectionFailure) -> [(Waiter, ConnectionFailure)] {
        if case .closed = state { return [] }
        var failed: [(Waiter, ConnectionFailure)] = []
        for position in 0..<queue.count {
            let request = queue[position]
            if let waiter = request.waiter { failed.append((waiter, failure.at(stage(of: request)))) }
        }
        state = .closed(failure)
        outgoing = []
        outgoingStart = 0
        queue = RingQueue()
        beginnings = [:]
        subscriptions = [:]
        pendingLogin = nil
        loginStep = .none
        cancelledAfterSend = 0
        cancelledBeforeSend = 0
        bytesCancelledBeforeSend = 0
        return failed
    }
}
