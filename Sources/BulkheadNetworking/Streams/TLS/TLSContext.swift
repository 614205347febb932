import Synchronization

/// What connections with the same TLS settings share, made once: authorities, our certificate and key, and the last
/// session with the server, which makes the next handshake shorter.
///
/// Reading the system's authorities takes up to a tenth of a second, so that no connection makes its own.
///
/// `@unchecked Sendable`: OpenSSL locks its contexts itself, and nothing changes ours after `init` but the session.
final class TLSContext: @unchecked Sendable {
    let library: OpenSSL
    private let context: OpenSSL.Object
    /// The session that the next handshake resumes.
    private let session = Mutex(Session(object: nil))

    private struct Session: @unchecked Sendable {
        var object: OpenSSL.Object?
    }

    /// Reads the files that the settings name. Throws `tlsUnavailable`, or `tlsSettings` for what cannot be used.
    init(_ settings: TLSSettings) throws(ConnectionFailure) {
        do throws(TLSUnavailable) {
            library = try OpenSSL.loaded.get()
        } catch {
            throw ConnectionFailure(.tlsUnavailable, "no TLS: \(error.reason)", stage: .refused)
        }
        library.clearErrors()
        guard let context = library.newContext(library.clientMethod()) else {
            throw Self.unusable("OpenSSL makes no context: \(library.text(of: library.takeError()))")
        }
        self.context = context
        _ = library.controlContext(
            context, OpenSSL.Control.minimumVersion, settings.minimumVersion.rawValue, nil)
        let mode = OpenSSL.Mode.partialWrite | OpenSSL.Mode.movingBuffer | OpenSSL.Mode.releaseBuffers
        _ = library.controlContext(context, OpenSSL.Control.mode, mode, nil)
        _ = library.controlContext(context, OpenSSL.Control.readAhead, 1, nil)
        // Sessions are kept here, and in no cache of OpenSSL's.
        _ = library.controlContext(context, OpenSSL.Control.sessionCache, 0, nil)
        // Without renegotiation a write never waits for what the peer must send first.
        _ = library.setOptions(context, OpenSSL.Option.noRenegotiation | OpenSSL.Option.noCompression)
        library.setVerification(context, settings.verification == .none ? 0 : OpenSSL.verifyPeer, nil)
        for file in settings.files { try Self.checkReadable(file) }
        if settings.verification != .none { try trust(settings.trust) }
        if let file = settings.certificateFile {
            try identify(by: file, key: settings.keyFile ?? file, settings.passphrase)
        } else if settings.keyFile != nil {
            throw Self.unusable("a key file is set and no certificate file: name both")
        }
    }

    deinit {
        session.withLock { library.freeSession($0.object) }
        library.freeContext(context)
    }

    private func trust(_ trust: TLSSettings.Trust) throws(ConnectionFailure) {
        let isRead: Int32
        let place: String
        switch trust {
        case .system:
            isRead = library.trustSystem(context)
            place = "the system's certificate authorities"
        case .file(let path):
            isRead = library.trustLocations(context, path, nil)
            place = "the CA file \(path)"
        case .folder(let path):
            isRead = library.trustLocations(context, nil, path)
            place = "the CA folder \(path)"
        }
        guard isRead == 1 else {
            let text = library.text(of: library.takeError())
            throw Self.unusable("\(place) cannot be read: \(text); certificates are expected in PEM form")
        }
    }

    private func identify(
        by file: String, key keyFile: String, _ passphrase: String?
    ) throws(ConnectionFailure) {
        guard library.useCertificateChain(context, file) == 1 else {
            let text = library.text(of: library.takeError())
            throw Self.unusable("the certificate file \(file) cannot be used: \(text); PEM is expected")
        }
        let (isRead, wasAsked) = withPassphrase(passphrase) { library.useKey(context, keyFile, OpenSSL.pem) == 1 }
        guard isRead else {
            let text = library.text(of: library.takeError())
            guard wasAsked else {
                if text.contains("key values mismatch") { throw Self.mismatch(file, keyFile) }
                throw Self.unusable("the key file \(keyFile) cannot be used: \(text); PEM is expected")
            }
            throw Self.unusable(
                passphrase == nil
                    ? "the key in \(keyFile) is encrypted: set its passphrase"
                    : "the key in \(keyFile) cannot be decrypted: is its passphrase right? (\(text))")
        }
        guard library.checkKey(context) == 1 else {
            library.clearErrors()
            throw Self.mismatch(file, keyFile)
        }
    }

    private static func mismatch(_ file: String, _ keyFile: String) -> ConnectionFailure {
        unusable("the key in \(keyFile) does not belong to the certificate in \(file): name the two of one pair")
    }

    private struct Passphrase {
        var bytes: UnsafeBufferPointer<UInt8>?
        var wasAsked = false
    }

    /// Answers OpenSSL's question for a passphrase, which would else go to the terminal; true if it was asked.
    private func withPassphrase(_ passphrase: String?, _ body: () -> Bool) -> (Bool, wasAsked: Bool) {
        var bytes = Array((passphrase ?? "").utf8)
        defer { for index in bytes.indices { bytes[index] = 0 } }
        return bytes.withUnsafeBufferPointer { bytes in
            var state = Passphrase(bytes: passphrase == nil ? nil : bytes)
            return withUnsafeMutablePointer(to: &state) { state in
                library.setPassphraseCallback(context) { space, size, _, data in
                    guard let state = data?.assumingMemoryBound(to: Passphrase.self), let space else { return -1 }
                    state.pointee.wasAsked = true
                    guard let bytes = state.pointee.bytes, bytes.count <= Int(size) else { return -1 }
                    for (index, byte) in bytes.enumerated() { space[index] = CChar(bitPattern: byte) }
                    return Int32(bytes.count)
                }
                library.setPassphraseData(context, state)
                defer { library.setPassphraseData(context, nil) }
                return (body(), state.pointee.wasAsked)
            }
        }
    }

    /// OpenSSL's own words for a missing file differ from version to version.
    private static func checkReadable(_ path: String) throws(ConnectionFailure) {
        if let code = SystemCall.readingFailure(path) {
            throw unusable("\(path) cannot be read: \(SystemCall.describe(code))")
        }
    }

    private static func unusable(_ message: String) -> ConnectionFailure {
        ConnectionFailure(.tlsSettings, "the TLS settings cannot be used: \(message)", stage: .refused)
    }

    // MARK: Connections

    /// A new connection's TLS, which resumes the last session if there is one.
    func newConnection() -> OpenSSL.Object? {
        guard let connection = library.newConnection(context) else { return nil }
        session.withLock { session in
            if let session = session.object { _ = library.setSession(connection, session) }
        }
        return connection
    }

    /// Keeps the session of a connection for the next handshake.
    func keepSession(of connection: OpenSSL.Object) {
        let fresh = Session(object: library.takeSession(connection))
        guard fresh.object != nil, library.isResumable(fresh.object) == 1 else {
            return library.freeSession(fresh.object)
        }
        let old = session.withLock { session in
            defer { session = fresh }
            return session
        }
        library.freeSession(old.object)
    }
}
