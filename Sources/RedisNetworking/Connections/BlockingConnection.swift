package import RESP

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A connection for one thread at a time: encode, write, read, decode on the caller's thread, nothing between.
///
/// `@unchecked Sendable`: whoever holds its lease is its only user; leases are handed over under the pool's lock.
package final class BlockingConnection: @unchecked Sendable {
    private let settings: ConnectionSettings
    private let socket: Socket
    /// One request is under way at a time, so a waiter needs no identity.
    private var machine: ConnectionMachine<Void>
    private var decoder: RESPDecoder
    private var polling: PollingBudget
    /// Pushed values not yet asked for; see `nextPush`.
    private var pushes = RingQueue<RESPValue>()

    /// Pushed values kept for `nextPush` before the connection gives up.
    static let largestPushBacklog = 1_024

    /// Connects, shakes hands and selects the database; a failure leaves nothing open. The time a resolver takes is
    /// the system's; the deadline counts it, but does not interrupt it.
    package init(_ settings: ConnectionSettings) throws(ConnectionFailure) {
        let deadline = ContinuousClock.now + settings.connectTimeout
        self.settings = settings
        machine = ConnectionMachine(settings)
        polling = PollingBudget(limit: settings.pollingTime)
        decoder = RESPDecoder(limits: settings.limits)
        socket = try Socket.connect(to: settings.endpoint, deadline: deadline)
        try write(machine.connected(), until: deadline)
        while machine.isHandshaking { _ = try step(until: deadline) }
    }

    deinit {
        SystemCall.closeSocket(socket.descriptor)
    }

    // MARK: Requests

    /// Sends the bytes of one command and waits for its reply.
    package func send(_ bytes: [UInt8]) throws(ConnectionFailure) -> RESPValue {
        try request(bytes, .replies(1))[0]
    }

    /// Sends the bytes of `count` commands and waits for all replies, in order.
    ///
    /// Reads while it writes, so that a server whose replies fill both buffers cannot deadlock with it.
    package func sendAll(_ bytes: [UInt8], count: Int) throws(ConnectionFailure) -> [RESPValue] {
        // A request without replies would never leave the line.
        if count == 0 { return [] }
        return try request(bytes, .replies(count))
    }

    /// Sends a subscription command of `count` channels and waits for their confirmations.
    package func subscribe(_ bytes: [UInt8], count: Int) throws(ConnectionFailure) -> [RESPValue] {
        try request(bytes, .confirmations(count))
    }

    /// The next pushed value; nil past `timeout`.
    package func nextPush(timeout: Duration) throws(ConnectionFailure) -> RESPValue? {
        let deadline = ContinuousClock.now + timeout
        while pushes.isEmpty {
            guard try step(until: deadline, throwsOnTimeout: false) else { return nil }
        }
        return pushes.popFirst()
    }

    private func request(
        _ bytes: [UInt8], _ expectation: ConnectionMachine<Void>.Expectation
    ) throws(ConnectionFailure) -> [RESPValue] {
        if let refusal = machine.submit(bytes, expectation, ()) { throw refusal }
        do throws(ConnectionFailure) {
            try write(machine.takeOutgoing())
            while completed == nil { _ = try step() }
        } catch {
            // A reply that came before the end counts; the next request learns of the end.
            if completed == nil { throw error }
        }
        return completed.take() ?? []
    }

    /// The replies of the request under way, once all are there.
    private var completed: [RESPValue]?

    // MARK: Between requests

    /// True if nothing is under way and nothing is subscribed to.
    package var isIdle: Bool { machine.isIdle && pushes.isEmpty && decoder.isBetweenReplies }

    /// True if an idle connection is still open, by a look at the socket: the server may have closed it meanwhile.
    package var isReusable: Bool {
        guard isIdle else { return false }
        if case .wouldBlock = SystemCall.peek(socket.descriptor) { return true }
        return false
    }

    /// Ends the wait of the thread that uses this connection, from any thread; it sees a closed connection.
    package func interrupt() {
        _ = shutdown(socket.descriptor, Int32(SHUT_RDWR))
    }

    // MARK: Input and output

    private func write(_ bytes: [UInt8], until deadline: ContinuousClock.Instant? = nil) throws(ConnectionFailure) {
        var written = 0
        while written < bytes.count {
            let transfer = bytes.withUnsafeBytes {
                SystemCall.write(socket.descriptor, UnsafeRawBufferPointer(rebasing: $0[written...]))
            }
            switch transfer {
            case .moved(let count): written += count
            case .failed(let code):
                // Its last words may be here: a server without room says so and closes, without reading anything.
                while try readAvailable() {}
                throw broken(Socket.failure(code: code, endpoint: settings.endpoint))
            case .wouldBlock:
                try wait(for: POLLOUT | POLLIN, until: deadline)
                try readAvailable()
            }
        }
    }

    /// Waits for bytes and takes in what they bring; false past the deadline.
    private func step(
        until deadline: ContinuousClock.Instant? = nil, throwsOnTimeout: Bool = true
    ) throws(ConnectionFailure) -> Bool {
        if try readAvailable() { return true }
        if try watch() { return true }
        return try wait(for: POLLIN, until: deadline, throwsOnTimeout: throwsOnTimeout)
    }

    /// Looks for bytes again and again for as long as the budget says; false if none came.
    private func watch() throws(ConnectionFailure) -> Bool {
        let time = polling.next()
        guard time > .zero else { return false }
        let end = ContinuousClock.now + time
        repeat {
            if try readAvailable() {
                polling.succeeded()
                return true
            }
            // On a single core the server needs this one to answer at all.
            sched_yield()
        } while ContinuousClock.now < end
        polling.failed()
        return false
    }

    /// Reads once without waiting; false if nothing is there.
    @discardableResult
    private func readAvailable() throws(ConnectionFailure) -> Bool {
        var transfer = SystemCall.Transfer.wouldBlock
        decoder.receive { buffer in
            transfer = SystemCall.read(socket.descriptor, into: buffer)
            if case .moved(let count) = transfer { return count }
            return 0
        }
        switch transfer {
        case .moved(0): throw broken(Socket.endOfStream(endpoint: settings.endpoint))
        case .failed(let code): throw broken(Socket.failure(code: code, endpoint: settings.endpoint))
        case .wouldBlock: return false
        case .moved:
            try decode()
            return true
        }
    }

    private func decode() throws(ConnectionFailure) {
        while let value = try next() {
            switch machine.received(value) {
            case .nothing, .ready: break
            case .send(let bytes): try write(bytes)
            case .completed(_, let value): completed = [value]
            case .completedAll(_, let values): completed = values
            case .broken(let failure): throw broken(failure)
            case .pushed(let value):
                pushes.append(value)
                if pushes.count > Self.largestPushBacklog {
                    throw broken(
                        ConnectionFailure(
                            .pushOverflow,
                            "messages of \(settings.endpoint) were read too slowly; the connection is closed"))
                }
            }
        }
    }

    private func next() throws(ConnectionFailure) -> RESPValue? {
        do {
            return try decoder.next()
        } catch {
            throw broken(
                ConnectionFailure(
                    .protocolViolation(error), "\(settings.endpoint) sent what is not RESP: \(error)"))
        }
    }

    @discardableResult
    private func wait(
        for events: Int32, until deadline: ContinuousClock.Instant?, throwsOnTimeout: Bool = true
    ) throws(ConnectionFailure) -> Bool {
        let milliseconds = deadline.map { ($0 - .now).wholeMilliseconds } ?? -1
        if SystemCall.waitUntil(socket.descriptor, events, milliseconds: milliseconds) { return true }
        guard throwsOnTimeout else { return false }
        throw broken(
            ConnectionFailure(
                .connectTimedOut, "\(settings.endpoint) accepted the connection but did not answer in time"))
    }

    /// Ends the machine and returns the failure as the request under way sees it.
    private func broken(_ failure: ConnectionFailure) -> ConnectionFailure {
        machine.ended(failure).first?.1 ?? failure
    }
}
