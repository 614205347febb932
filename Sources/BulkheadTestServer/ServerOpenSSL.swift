#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What a server needs of OpenSSL, for ``RedisTestTLSProxy``; the libraries that the client would find.
struct ServerOpenSSL: @unchecked Sendable {
    typealias Object = OpaquePointer

    /// What all connections of a proxy share.
    struct Context: @unchecked Sendable { let object: OpaquePointer }

    static let shared = Result { () throws(RedisTestServerError) in try ServerOpenSSL() }

    /// SSL_ERROR_WANT_READ.
    static let wantsRead: Int32 = 2

    private let serverMethod: @convention(c) () -> Object?
    private let newContext: @convention(c) (Object?) -> Object?
    let freeContext: @convention(c) (Object?) -> Void
    private let controlContext: @convention(c) (Object?, Int32, Int, UnsafeMutableRawPointer?) -> Int
    private let useCertificateChain: @convention(c) (Object?, UnsafePointer<CChar>?) -> Int32
    private let useKey: @convention(c) (Object?, UnsafePointer<CChar>?, Int32) -> Int32
    private let trust: @convention(c) (Object?, UnsafePointer<CChar>?, UnsafePointer<CChar>?) -> Int32
    private let verify: @convention(c) (Object?, Int32, UnsafeMutableRawPointer?) -> Void
    private let nameSessions: @convention(c) (Object?, UnsafePointer<UInt8>?, UInt32) -> Int32
    let newConnection: @convention(c) (Object?) -> Object?
    let freeConnection: @convention(c) (Object?) -> Void
    let setDescriptor: @convention(c) (Object?, Int32) -> Int32
    let accept: @convention(c) (Object?) -> Int32
    let shakeHands: @convention(c) (Object?) -> Int32
    let read: @convention(c) (Object?, UnsafeMutableRawPointer?, Int32) -> Int32
    let write: @convention(c) (Object?, UnsafeRawPointer?, Int32) -> Int32
    let errorKind: @convention(c) (Object?, Int32) -> Int32
    let pending: @convention(c) (Object?) -> Int32
    let updateKey: @convention(c) (Object?, Int32) -> Int32
    /// Nil in OpenSSL 1.1.1.
    let newTicket: (@convention(c) (Object?) -> Int32)?
    let shutDown: @convention(c) (Object?) -> Int32
    let clearErrors: @convention(c) () -> Void

    private init() throws(RedisTestServerError) {
        let folder = getenv("BULKHEAD_OPENSSL").map { String(cString: $0) + "/" } ?? ""
        func open(_ name: String) -> UnsafeMutableRawPointer? {
            ["so.3", "so.1.1", "3.dylib"].lazy.compactMap { dlopen("\(folder)\(name).\($0)", RTLD_NOW) }.first
        }
        guard let crypto = open("libcrypto"), let ssl = open("libssl") else {
            throw RedisTestServerError(
                .systemFailure,
                "there is no OpenSSL for the TLS proxy: install version 3 or 1.1.1, or set BULKHEAD_OPENSSL to its "
                    + "folder")
        }
        func function<Function>(
            _ name: String, in library: UnsafeMutableRawPointer
        ) throws(RedisTestServerError) -> Function {
            guard let address = dlsym(library, name) else {
                throw RedisTestServerError(.systemFailure, "the OpenSSL of the TLS proxy has no \(name)")
            }
            return unsafeBitCast(address, to: Function.self)
        }
        serverMethod = try function("TLS_server_method", in: ssl)
        newContext = try function("SSL_CTX_new", in: ssl)
        freeContext = try function("SSL_CTX_free", in: ssl)
        controlContext = try function("SSL_CTX_ctrl", in: ssl)
        useCertificateChain = try function("SSL_CTX_use_certificate_chain_file", in: ssl)
        useKey = try function("SSL_CTX_use_PrivateKey_file", in: ssl)
        trust = try function("SSL_CTX_load_verify_locations", in: ssl)
        verify = try function("SSL_CTX_set_verify", in: ssl)
        nameSessions = try function("SSL_CTX_set_session_id_context", in: ssl)
        newConnection = try function("SSL_new", in: ssl)
        freeConnection = try function("SSL_free", in: ssl)
        setDescriptor = try function("SSL_set_fd", in: ssl)
        accept = try function("SSL_accept", in: ssl)
        shakeHands = try function("SSL_do_handshake", in: ssl)
        read = try function("SSL_read", in: ssl)
        write = try function("SSL_write", in: ssl)
        errorKind = try function("SSL_get_error", in: ssl)
        pending = try function("SSL_pending", in: ssl)
        updateKey = try function("SSL_key_update", in: ssl)
        newTicket = try? function("SSL_new_session_ticket", in: ssl)
        shutDown = try function("SSL_shutdown", in: ssl)
        clearErrors = try function("ERR_clear_error", in: crypto)
    }

    /// A context of these files; an old one speaks TLS 1.2 at most. Throws where OpenSSL cannot use a file.
    func context(_ tls: RedisTestServer.TLS, isOld: Bool = false) throws(RedisTestServerError) -> Context {
        guard let context = newContext(serverMethod()) else {
            throw RedisTestServerError(.systemFailure, "OpenSSL makes no context for the TLS proxy")
        }
        func check(_ answer: Int32, _ file: String) throws(RedisTestServerError) {
            if answer == 1 { return }
            freeContext(context)
            throw RedisTestServerError(
                .invalidOption,
                "the TLS proxy cannot use \(file): it must be a PEM file, and the key that of the certificate")
        }
        try check(useCertificateChain(context, tls.certificateFile), tls.certificateFile)
        try check(useKey(context, tls.keyFile, 1), tls.keyFile)
        if let authority = tls.clientAuthorityFile {
            try check(trust(context, authority, nil), authority)
            // SSL_VERIFY_PEER, SSL_VERIFY_FAIL_IF_NO_PEER_CERT; then sessions are resumed only if they have a name.
            verify(context, 1 | 2, nil)
            _ = nameSessions(context, [1], 1)
        }
        // A read that finds a message of TLS and no data returns (SSL_CTRL_CLEAR_MODE, SSL_MODE_AUTO_RETRY).
        _ = controlContext(context, 78, 4, nil)
        // SSL_CTRL_SET_MAX_PROTO_VERSION, TLS1_2_VERSION.
        if isOld { _ = controlContext(context, 124, 0x0303, nil) }
        return Context(object: context)
    }
}
