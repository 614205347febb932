import Dispatch
package import RESP
import Synchronization

/// A pipelined connection for asynchronous callers: any number of tasks share it, replies come in order.
///
/// ```
/// caller's task    │ lock: put the request in line, its bytes behind the others'; unlock; suspend
/// connection queue │ flush: one write for all that arrived meanwhile · read: decode, lock, match, unlock, resume
/// ```
/// The first caller schedules one flush on the queue, and all that arrive before it runs share its write: bytes
/// coalesce without a timer. A connection connects when it is made, refuses requests once it failed, and never
/// reconnects: its owner makes a new one.
///
/// `@unchecked Sendable`: `shared` is guarded by its mutex; everything marked *queue only* is touched on `queue`.
package final class AsyncConnection: @unchecked Sendable {
    /// Whom a reply resumes. Continuations carry results, so that no error is boxed on the way.
    enum Waiter: Sendable {
        case one(UnsafeContinuation<Result<RESPValue, ConnectionFailure>, Never>)
        case all(UnsafeContinuation<Result<[RESPValue], ConnectionFailure>, Never>)

        func resume(with failure: ConnectionFailure) {
            switch self {
            case .one(let continuation): continuation.resume(returning: .failure(failure))
            case .all(let continuation): continuation.resume(returning: .failure(failure))
            }
        }
    }

    private struct Shared {
        var machine: ConnectionMachine<Waiter>
        /// A flush is on its way through the queue, or waits for the socket to take more.
        var isFlushing = false
        var closeWaiters: [UnsafeContinuation<Void, Never>] = []
        var isGone = false
    }

    private let settings: ConnectionSettings
    private let queue: DispatchQueue
    private let shared: Mutex<Shared>
    /// What the server pushes, kept for a leaseholder who subscribes; nil where pushes are dropped.
    ///
    /// It ends with the connection's failure. Past ``pushBacklog`` unread values the connection is closed, because
    /// a gap nobody sees would be a silent loss.
    package let pushes: AsyncThrowingStream<RESPValue, any Error>?
    private let pushContinuation: AsyncThrowingStream<RESPValue, any Error>.Continuation?
    /// Called once, on the queue, as soon as the connection has ended, by itself or by its owner.
    private let onEnd: @Sendable (AsyncConnection) -> Void

    /// Pushed values kept unread.
    static let pushBacklog = 1_024

    // Queue only.
    private var socket: Socket?
    private var decoder: RESPDecoder
    private var readSource: (any DispatchSourceRead)?
    private var writeSource: (any DispatchSourceWrite)?
    /// Sources whose cancellation is not done yet: the descriptor must outlive them.
    private let liveSources = DispatchGroup()
    /// Bytes taken from the machine and not yet written, and how many of them are.
    private var unwritten: [UInt8] = []
    private var written = 0
    private var received: [RESPValue] = []

    /// Starts connecting at once, on a queue of its own.
    package init(
        _ settings: ConnectionSettings,
        keepsPushes: Bool = false,
        onEnd: @escaping @Sendable (AsyncConnection) -> Void = { _ in }
    ) {
        self.settings = settings
        self.onEnd = onEnd
        if keepsPushes {
            let (stream, continuation) = AsyncThrowingStream<RESPValue, any Error>.makeStream(
                bufferingPolicy: .bufferingOldest(Self.pushBacklog))
            pushes = stream
            pushContinuation = continuation
        } else {
            pushes = nil
            pushContinuation = nil
        }
        queue = DispatchQueue(label: "bulkhead.connection")
        shared = Mutex(Shared(machine: ConnectionMachine(settings)))
        decoder = RESPDecoder(limits: settings.limits)
        connect()
    }

    // MARK: Requests

    /// Sends the bytes of one command and waits for its reply.
    package func send(_ bytes: [UInt8]) async -> Result<RESPValue, ConnectionFailure> {
        await withUnsafeContinuation { continuation in
            submit(bytes, .replies(1), .one(continuation))
        }
    }

    /// Sends a command that may block. Cancelling the task closes the connection, on which nobody but its leaseholder
    /// waits for replies.
    package func sendBlocking(_ bytes: [UInt8]) async -> Result<RESPValue, ConnectionFailure> {
        let result = await withTaskCancellationHandler {
            await send(bytes)
        } onCancel: {
            abort()
        }
        guard case .failure(let failure) = result, failure.reason == .closed, Task.isCancelled else { return result }
        return .failure(
            ConnectionFailure(
                .cancelled, "the task was cancelled while the command waited", progress: failure.progress))
    }

    /// Sends the bytes of `count` commands in one piece and waits for all replies, in order.
    package func sendAll(_ bytes: [UInt8], count: Int) async -> Result<[RESPValue], ConnectionFailure> {
        // A request without replies would never leave the line.
        if count == 0 { return .success([]) }
        return await withUnsafeContinuation { continuation in
            submit(bytes, .replies(count), .all(continuation))
        }
    }

    /// Sends a subscription command of `count` channels and waits for their confirmations.
    package func subscribe(_ bytes: [UInt8], count: Int) async -> Result<[RESPValue], ConnectionFailure> {
        await withUnsafeContinuation { continuation in
            submit(bytes, .confirmations(count), .all(continuation))
        }
    }

    private func submit(_ bytes: [UInt8], _ expectation: ConnectionMachine<Waiter>.Expectation, _ waiter: Waiter) {
        let (refusal, mustFlush) = shared.withLock { shared in
            let refusal = shared.machine.submit(bytes, expectation, waiter)
            let mustFlush = shared.machine.hasOutgoing && !shared.isFlushing
            if mustFlush { shared.isFlushing = true }
            return (refusal, mustFlush)
        }
        if let refusal {
            waiter.resume(with: refusal)
        } else if mustFlush {
            queue.async { self.flush() }
        }
    }

    /// True once this connection refuses requests for good.
    package var isClosed: Bool { shared.withLock { $0.machine.refusesRequests } }

    /// True if nothing is under way and nothing is subscribed to.
    package var isIdle: Bool { shared.withLock { $0.machine.isIdle } }

    // MARK: The end

    /// Refuses new requests, lets those in line finish, then closes the socket; returns when it is closed.
    ///
    /// Requests still in line after `grace` fail.
    package func close(grace: Duration) async {
        await withUnsafeContinuation { continuation in
            let isGone = shared.withLock { shared in
                shared.machine.close()
                if !shared.isGone { shared.closeWaiters.append(continuation) }
                return shared.isGone
            }
            if isGone { return continuation.resume() }
            queue.async { self.endIfDrained() }
            queue.asyncAfter(deadline: .now() + .milliseconds(Int(grace.wholeMilliseconds))) { [weak self] in
                guard let self else { return }
                self.end(self.closedByOwner)
            }
        }
    }

    /// Closes the socket without waiting for anything; requests in line fail.
    package func abort() {
        shared.withLock { $0.machine.close() }
        queue.async { self.end(self.closedByOwner) }
    }

    private var closedByOwner: ConnectionFailure {
        ConnectionFailure(.closed, "the connection to \(settings.endpoint) was closed before the reply came")
    }

    private func endIfDrained() {
        if shared.withLock({ $0.machine.isDrained }) { end(closedByOwner) }
    }

    /// Queue only. Fails what is in line, cancels the sources, and closes the descriptor behind them.
    private func end(_ failure: ConnectionFailure) {
        let (failed, wasGone) = shared.withLock { shared in
            let wasGone = shared.isGone
            shared.isGone = true
            return (shared.machine.ended(failure), wasGone)
        }
        guard !wasGone else { return }
        onEnd(self)
        pushContinuation?.finish(throwing: failure)
        for (waiter, failure) in failed { waiter.resume(with: failure) }
        unwritten = []
        readSource?.cancel()
        writeSource?.cancel()
        readSource = nil
        writeSource = nil
        let socket = self.socket
        self.socket = nil
        liveSources.notify(queue: queue) { @Sendable [self] in
            if let socket { SystemCall.closeSocket(socket.descriptor) }
            let waiters = shared.withLock { shared in
                defer { shared.closeWaiters = [] }
                return shared.closeWaiters
            }
            for waiter in waiters { waiter.resume() }
        }
    }

    // MARK: Connecting (queue only)

    /// Resolving and connecting block. They run on a queue and so a thread of their own: this connection's stays free
    /// to end it meanwhile, and those that all tasks share stay free for them.
    private func connect() {
        let deadline = ContinuousClock.now + settings.connectTimeout
        limitHandshake(until: deadline)
        DispatchQueue(label: "bulkhead.connecting").async { [self] in
            let result = Result { () throws(ConnectionFailure) in
                try Socket.connect(to: settings.endpoint, deadline: deadline)
            }
            queue.async { self.connected(result) }
        }
    }

    private func connected(_ result: Result<Socket, ConnectionFailure>) {
        let isGone = shared.withLock { $0.isGone }
        switch result {
        case .failure(let failure): end(failure)
        case .success(let socket) where isGone: SystemCall.closeSocket(socket.descriptor)
        case .success(let socket):
            self.socket = socket
            unwritten = shared.withLock { $0.machine.connected() }
            startReading(socket)
            writeWhatIsLeft()
        }
    }

    private func startReading(_ socket: Socket) {
        let source = DispatchSource.makeReadSource(fileDescriptor: socket.descriptor, queue: queue)
        // No data in an event means a hang-up. On Linux no event follows it, so what is unread is taken at once.
        source.setEventHandler { @Sendable [self] in self.read(toTheEnd: self.readSource?.data == 0) }
        readSource = source
        start(source)
    }

    private func start(_ source: any DispatchSourceProtocol) {
        liveSources.enter()
        source.setCancelHandler { @Sendable [liveSources] in liveSources.leave() }
        source.resume()
    }

    /// A resolver that hangs, or a server that accepts and then says nothing, must not hold requests for ever.
    private func limitHandshake(until deadline: ContinuousClock.Instant) {
        let left = max(deadline - .now, .milliseconds(1))
        queue.asyncAfter(deadline: .now() + .milliseconds(Int(left.wholeMilliseconds))) { @Sendable [weak self] in
            guard let self, self.shared.withLock({ $0.machine.isHandshaking }) else { return }
            self.end(
                ConnectionFailure(
                    .connectTimedOut,
                    self.socket == nil
                        ? "no connection to \(self.settings.endpoint) came about in time"
                        : "\(self.settings.endpoint) accepted the connection but did not answer in time"))
        }
    }

    // MARK: Writing (queue only)

    private func flush() {
        guard unwritten.isEmpty else { return }
        // The lock is taken once a round: what arrived while the last round was written goes into the next.
        while socket != nil {
            let recycled = unwritten
            unwritten = []
            unwritten = shared.withLock { shared in
                let bytes = shared.machine.takeOutgoing(recycling: recycled)
                if bytes.isEmpty { shared.isFlushing = false }
                return bytes
            }
            guard !unwritten.isEmpty, writeWhatIsLeft() else { return }
        }
    }

    /// False if the socket takes no more, or broke; then whatever is left waits for it, or is gone.
    @discardableResult
    private func writeWhatIsLeft() -> Bool {
        guard let socket else { return false }
        while written < unwritten.count {
            let transfer = unwritten.withUnsafeBytes {
                SystemCall.write(socket.descriptor, UnsafeRawBufferPointer(rebasing: $0[written...]))
            }
            switch transfer {
            case .moved(let count):
                written += count
            case .wouldBlock:
                waitUntilWritable(socket)
                return false
            case .failed(let code):
                // Its last words may be here: a server without room says so and closes, without reading anything.
                read(toTheEnd: true)
                end(Socket.failure(code: code, endpoint: settings.endpoint))
                return false
            }
        }
        unwritten.removeAll(keepingCapacity: true)
        written = 0
        return true
    }

    private func waitUntilWritable(_ socket: Socket) {
        guard writeSource == nil else { return }
        let source = DispatchSource.makeWriteSource(fileDescriptor: socket.descriptor, queue: queue)
        source.setEventHandler { @Sendable [self] in self.socketIsWritable() }
        writeSource = source
        start(source)
    }

    private func socketIsWritable() {
        guard socket != nil, writeWhatIsLeft() else { return }
        // Made anew when needed: a suspended source traps when it is released.
        writeSource?.cancel()
        writeSource = nil
        flush()
    }

    // MARK: Reading (queue only)

    /// Reads of one event at most, so that a fast server cannot keep the queue from flushing.
    private static let readsAnEvent = 4

    private func read(toTheEnd: Bool) {
        var reads = 0
        while let socket, toTheEnd || reads < Self.readsAnEvent {
            reads += 1
            var transfer = SystemCall.Transfer.wouldBlock
            var space = 0
            let count = decoder.receive { buffer in
                space = buffer.count
                transfer = SystemCall.read(socket.descriptor, into: buffer)
                if case .moved(let count) = transfer { return count }
                return 0
            }
            switch transfer {
            case .moved(0): return end(Socket.endOfStream(endpoint: settings.endpoint))
            case .moved: decode()
            case .wouldBlock: return
            case .failed(let code): return end(Socket.failure(code: code, endpoint: settings.endpoint))
            }
            if count < space && !toTheEnd { return }
        }
    }

    private func decode() {
        var violation: ConnectionFailure?
        do {
            while let value = try decoder.next() { received.append(value) }
        } catch {
            violation = ConnectionFailure(
                .protocolViolation(error), "\(settings.endpoint) sent what is not RESP: \(error)")
        }
        guard !received.isEmpty || violation != nil else { return }
        // One lock for all replies of a read; callers are resumed outside it.
        let (receptions, mustFlush, isDrained) = shared.withLock { shared in
            let receptions = received.map { shared.machine.received($0) }
            let mustFlush = shared.machine.hasOutgoing && !shared.isFlushing
            if mustFlush { shared.isFlushing = true }
            return (receptions, mustFlush, shared.machine.isDrained)
        }
        received.removeAll(keepingCapacity: true)
        for reception in receptions {
            switch reception {
            case .nothing, .ready: break
            case .send(let bytes):
                unwritten.append(contentsOf: bytes)
                writeWhatIsLeft()
            case .completed(.one(let continuation), let value):
                continuation.resume(returning: .success(value))
            case .completed(.all(let continuation), let value):
                continuation.resume(returning: .success([value]))
            case .completedAll(.all(let continuation), let values):
                continuation.resume(returning: .success(values))
            case .completedAll(.one(let continuation), let values):
                continuation.resume(returning: .success(.array(values)))
            case .pushed(let value):
                if case .dropped = pushContinuation?.yield(value) {
                    violation = violation ?? ConnectionFailure(
                        .pushOverflow,
                        "messages of \(settings.endpoint) were read too slowly; the connection is closed")
                }
            case .broken(let failure):
                violation = violation ?? failure
            }
        }
        if let violation { return end(violation) }
        if mustFlush { flush() }
        if isDrained { end(closedByOwner) }
    }
}
