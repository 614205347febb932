/// TLS over one connected socket: the handshake, then bytes in both directions. It never waits.
///
/// What one read of the socket brought is handed on as a whole before the next one. So where `holdsMore` is false, a
/// socket that is not readable has nothing for anybody, as without TLS.
final class TLSSession: StreamLayer {
    private let peer: TLSPeer
    private let context: TLSContext
    let endpoint: Endpoint
    let connection: OpenSSL.Object
    private let state: UnsafeMutablePointer<SocketBIO.State>
    /// What the handshake or a read waits for. A read must write first where the peer asks for more new keys than it
    /// takes answers.
    @exclusivity(unchecked) private(set) var interest = Readiness.readable
    @exclusivity(unchecked) private var isEstablished = false
    /// The peer has sent data: it has accepted our certificate, and its session is complete.
    @exclusivity(unchecked) private var hasHeard = false
    /// Why nothing more can be read.
    @exclusivity(unchecked) private var ending: ConnectionFailure?

    /// Bytes of the last `write` that are taken, and part of a record that the socket did not take as a whole.
    @exclusivity(unchecked) private var taken = 0

    /// OpenSSL has bytes that it has read and that nobody has asked for.
    @exclusivity(unchecked) private(set) var holdsMore = false

    var library: OpenSSL { context.library }

    /// Reads the settings' files if nobody has, and sends nothing.
    init(_ peer: TLSPeer, descriptor: Int32, to endpoint: Endpoint) throws(ConnectionFailure) {
        self.peer = peer
        self.endpoint = endpoint
        context = try peer.context()
        let library = context.library
        library.clearErrors()
        guard let connection = context.newConnection(), let bio = library.newBIO(library.socketMethod) else {
            throw ConnectionFailure(.tlsFailed, "OpenSSL has no memory for a connection to \(endpoint)")
        }
        self.connection = connection
        state = .allocate(capacity: 1)
        state.initialize(to: SocketBIO.State(descriptor: descriptor))
        library.setBIOData(bio, state)
        library.setBIOReady(bio, 1)
        library.setBIO(connection, bio, bio)
        library.beClient(connection)
        try expectName()
    }

    deinit {
        library.freeConnection(connection)
        library.clearErrors()
        state.deinitialize(count: 1)
        state.deallocate()
    }

    /// Tells the server whom we want to speak with, and OpenSSL what the certificate must be issued for.
    private func expectName() throws(ConnectionFailure) {
        let name = peer.name
        let isChecked = peer.settings.verification == .full
        if name.isEmpty {
            if isChecked { throw TLSFailures.noName(endpoint) }
            return
        }
        if SystemCall.isAddress(name) {
            // An address is never sent to the server: only names are.
            guard isChecked, library.setAddress(library.parameters(connection), name) != 1 else { return }
            throw TLSFailures.noName(endpoint)
        }
        // A certificate that names the server in its subject only is refused, as browsers do: a subject is free text.
        library.setHostFlags(connection, OpenSSL.HostFlag.noPartialWildcards | OpenSSL.HostFlag.neverCheckSubject)
        let isTold = name.withCString { text in
            let name = UnsafeMutableRawPointer(mutating: text)
            return library.controlConnection(connection, OpenSSL.Control.serverName, 0, name) == 1
        }
        if !isTold || isChecked && library.setHost(connection, name) != 1 { throw TLSFailures.noName(endpoint) }
    }

    // MARK: The handshake

    /// A step of the handshake; true when that is over. False: wait for `interest` and call again.
    func handshakeStep() throws(ConnectionFailure) -> Bool {
        _ = state.pointee.flush()
        begin()
        let result = library.shakeHands(connection)
        if result == 1 {
            isEstablished = true
            interest = waitingToRead
            holdsMore = library.hasPending(connection) == 1
            return true
        }
        switch library.errorKind(connection, result) {
        case OpenSSL.Outcome.wantsRead: interest = waitingToRead
        case OpenSSL.Outcome.wantsWrite: interest = .writable
        case let kind: throw failure(kind)
        }
        return false
    }

    var handshakeTimedOut: ConnectionFailure { TLSFailures.handshakeTimedOut(endpoint) }

    /// The protocol's name, as in `TLSv1.3`.
    var version: String { library.version(connection).map { String(cString: $0) } ?? "" }
    /// The handshake resumed a session.
    var isResumed: Bool { library.isResumed(connection) == 1 }

    // MARK: Bytes

    /// Reads once and returns how many bytes came; nil if none are there. The end of the stream is a failure.
    func read(into space: UnsafeMutableRawBufferPointer) throws(ConnectionFailure) -> Int? {
        if let ending { throw ending }
        // What is here comes first: a sender that never stops would else have the caller read for ever.
        state.pointee.readsLeft = holdsMore ? 0 : 1
        // The server's last words can still be read where nothing can be written any more.
        _ = state.pointee.flush()
        begin()
        let count = library.read(connection, space.baseAddress, Int32(clamping: space.count))
        interest = waitingToRead
        if count > 0 {
            // Tickets come behind the handshake and before the first data.
            if !hasHeard { context.keepSession(of: connection) }
            hasHeard = true
            holdsMore = library.hasPending(connection) == 1
            return Int(count)
        }
        holdsMore = false
        switch library.errorKind(connection, count) {
        case OpenSSL.Outcome.wantsRead: return nil
        case OpenSSL.Outcome.wantsWrite:
            interest = .writable
            return nil
        case let kind:
            let failure = failure(kind)
            ending = failure
            throw failure
        }
    }

    /// Writes once and returns how many bytes were taken; nil if none are for now: the same come first the next time.
    ///
    /// Its failure does not keep anybody from reading the server's last words.
    func write(_ bytes: UnsafeRawBufferPointer) throws(ConnectionFailure) -> Int? {
        if let ending { throw ending }
        guard state.pointee.flush() else { return nil }
        begin()
        state.pointee.code = state.pointee.writeCode
        if state.pointee.code != 0 { throw failure(OpenSSL.Outcome.systemError) }
        if taken > 0 {
            defer { taken = 0 }
            return taken
        }
        let count = library.write(connection, bytes.baseAddress, Int32(clamping: bytes.count))
        if count > 0 {
            if state.pointee.unsent.isEmpty { return Int(count) }
            taken = Int(count)
            return nil
        }
        switch library.errorKind(connection, count) {
        // It waits for a read only behind half a message of the peer's, which whoever owns the I/O reads.
        case OpenSSL.Outcome.wantsWrite, OpenSSL.Outcome.wantsRead: return nil
        case let kind: throw failure(kind)
        }
    }

    /// Says goodbye, if the socket takes that now. A session that ends without could not be resumed.
    func end() {
        library.clearErrors()
        if isEstablished { _ = library.shutDown(connection) }
        library.clearErrors()
    }

    /// A read waits for the peer, and what OpenSSL wrote meanwhile for room.
    private var waitingToRead: Readiness { state.pointee.unsent.isEmpty ? .readable : [.readable, .writable] }

    // MARK: Failures

    /// Forgets what earlier calls left behind.
    private func begin() {
        library.clearErrors()
        state.pointee.code = 0
    }

    /// What the last call's failure means. Right behind that call, as OpenSSL's errors belong to the thread.
    private func failure(_ kind: Int32) -> ConnectionFailure {
        let code = library.takeError()
        let report = TLSFailures.Report(
            endpoint: endpoint, name: peer.name, settings: peer.settings,
            stage: !isEstablished ? .handshake : hasHeard ? .established : .unanswered)
        if state.pointee.code != 0 { return report.broken(by: state.pointee.code) }
        let isCut = code == 0 || state.pointee.hasEnded && TLSFailures.isUnexpectedEnd(code)
        if kind == OpenSSL.Outcome.closed || isCut { return report.ended }
        let text = library.text(of: code)
        let verification = library.verificationResult(connection)
        if verification != 0, TLSFailures.isRefusedCertificate(code) {
            let words = library.verificationText(verification).map { String(cString: $0) } ?? text
            return report.certificateRefused(verification, words)
        }
        return report.failed(TLSFailures.reason(code), text)
    }
}
