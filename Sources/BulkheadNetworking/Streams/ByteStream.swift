/// The bytes of one connection, both ways: its socket, or a layer over that, such as TLS.
///
/// Everything that moves bytes goes through it. No call waits, but for `wait`: where nothing can be moved for now the
/// answer says so, and `interest` says what to wait for.
///
/// Whoever owns the I/O of a connection is its only user at that moment, and closes it; only `interrupt` is for any
/// thread. A struct with one optional layer, so that a plain socket costs a comparison and no call through a table.
package struct ByteStream {
    /// For the poller. Nothing else reads it, writes it or closes it.
    let descriptor: Int32
    private let endpoint: Endpoint
    let layer: (any StreamLayer)?

    init(_ socket: Socket, to endpoint: Endpoint, through layer: (any StreamLayer)? = nil) {
        descriptor = socket.descriptor
        self.endpoint = endpoint
        self.layer = layer
    }

    // MARK: Bytes

    // Inlined, so that the owner of a plain socket loads its descriptor and no more: a copy of this struct would count
    // references.

    /// Reads once and returns how many bytes came; nil if none are there. An end of stream is a failure.
    ///
    /// `space` must not be empty.
    @inline(__always)
    package func read(into space: UnsafeMutableRawBufferPointer) throws(ConnectionFailure) -> Int? {
        if let layer { return try layer.read(into: space) }
        switch SystemCall.read(descriptor, into: space) {
        case .moved(0): throw endOfStream
        case .moved(let count): return count
        case .wouldBlock: return nil
        case .failed(let code): throw failure(code)
        }
    }

    /// True if `read` has more, or a failure, that the socket no longer shows. So whoever waits reads first.
    @inline(__always)
    var holdsMore: Bool { layer?.holdsMore ?? false }

    /// Writes once and returns how many bytes were taken; nil if none are for now. What was not taken comes again, in
    /// front of the next bytes.
    @inline(__always)
    package func write(_ bytes: UnsafeRawBufferPointer) throws(ConnectionFailure) -> Int? {
        if let layer { return try layer.write(bytes) }
        switch SystemCall.write(descriptor, bytes) {
        case .moved(let count): return count
        case .wouldBlock: return nil
        case .failed(let code): throw failure(code)
        }
    }

    @inline(never)
    private func failure(_ code: Int32) -> ConnectionFailure { Socket.failure(code: code, endpoint: endpoint) }

    @inline(never)
    private var endOfStream: ConnectionFailure { Socket.endOfStream(endpoint: endpoint) }

    // MARK: Waiting

    /// What the socket must be ready for before more can be done, after a call that moved nothing.
    func interest(hasUnwritten: Bool) -> Readiness {
        let reading = layer?.interest ?? .readable
        return hasUnwritten ? reading.union(.writable) : reading
    }

    /// Waits until the socket is ready for one of `interest`, or has failed or ended; false past `milliseconds`
    /// (negative: no limit).
    func wait(for interest: Readiness, milliseconds: Int32) -> Bool {
        SystemCall.waitUntil(descriptor, Int32(interest.pollEvents), milliseconds: milliseconds)
    }

    /// The same for a caller without a poller. True at once if the layer holds bytes that were received.
    package func wait(alsoToWrite: Bool, milliseconds: Int32) -> Bool {
        holdsMore || wait(for: interest(hasUnwritten: alsoToWrite), milliseconds: milliseconds)
    }

    // MARK: Beginning and end

    /// Connects, and has the layer shake hands, both before `deadline`; a failure leaves nothing open. Blocks its
    /// thread.
    ///
    /// `check` is called at least every 50 ms while the layer waits, and may throw to give the attempt up.
    package static func open(
        _ settings: ConnectionSettings, until deadline: Moment, check: () throws(ConnectionFailure) -> Void = {}
    ) throws(ConnectionFailure) -> ByteStream {
        // Settings that cannot be used send nothing.
        try settings.tls?.prepare()
        let socket = try Socket.connect(settings, deadline: min(deadline, .now + settings.acceptanceTime))
        var stream = ByteStream(socket, to: settings.endpoint)
        do throws(ConnectionFailure) {
            if let layer = try settings.layer(over: socket) {
                stream = ByteStream(socket, to: settings.endpoint, through: layer)
                try stream.shakeHands(until: deadline) { () throws(ConnectionFailure) in
                    try check()
                    try settings.checkWanted()
                }
            }
        } catch {
            stream.close()
            throw error
        }
        settings.nameWatch?.begin()
        return stream
    }

    private func shakeHands(
        until deadline: Moment, _ check: () throws(ConnectionFailure) -> Void
    ) throws(ConnectionFailure) {
        while let layer, try !layer.handshakeStep() {
            try check()
            let left = deadline - .now
            // Looked at before each wait: a peer may send without end what completes nothing.
            guard left > .zero else { throw layer.handshakeTimedOut }
            _ = wait(for: layer.interest, milliseconds: min(left.wholeMilliseconds, Self.mostMillisecondsUnseen))
        }
    }

    /// Milliseconds until whoever connects sees that its connection was given up.
    static let mostMillisecondsUnseen: Int32 = 50

    /// Says goodbye, as far as that needs no wait, and closes the socket. The poller must not watch it any more.
    package func close() {
        layer?.end()
        SystemCall.endSocket(descriptor)
    }

    /// Ends the stream for both sides, without closing it: its user's next call sees the end. From any thread.
    func interrupt() { SystemCall.shutDown(descriptor) }
}

extension ConnectionSettings {
    fileprivate func layer(over socket: Socket) throws(ConnectionFailure) -> (any StreamLayer)? {
        if let tls { return try TLSSession(tls, descriptor: socket.descriptor, to: endpoint) }
        return try makeLayer?(socket.descriptor)
    }
}

/// What moves a connection's bytes in its socket's place, such as TLS. It does not close that socket.
///
/// No call waits. All come from whoever owns the I/O of the connection, one at a time, on changing threads. A failure
/// is final: every later call that moves bytes throws it again.
protocol StreamLayer: AnyObject {
    /// A step of the layer's own handshake; true when that is over. False: wait for `interest` and call again.
    func handshakeStep() throws(ConnectionFailure) -> Bool
    /// Why the handshake was given up at its deadline.
    var handshakeTimedOut: ConnectionFailure { get }

    /// Reads once and returns how many bytes came; nil if none are there. An end of stream is a failure.
    ///
    /// At most one read of the socket, so that one call costs as much as a plain one.
    func read(into space: UnsafeMutableRawBufferPointer) throws(ConnectionFailure) -> Int?
    /// True if `read` has more, or a failure, without a read of the socket.
    var holdsMore: Bool { get }

    /// Writes once and returns how many bytes were taken; nil if none are until the socket is writable. The same bytes
    /// then come again, perhaps from another address and with more behind them.
    func write(_ bytes: UnsafeRawBufferPointer) throws(ConnectionFailure) -> Int?

    /// What the socket must be ready for before `handshakeStep` or `read`, which moved nothing, can do more: readable,
    /// or writable where the layer has bytes of its own to send first. A `write` always waits for writable.
    var interest: Readiness { get }

    /// Says goodbye without waiting for an answer; nothing is called after it.
    func end()
}
