/// Functions of the system's OpenSSL, version 3 or 1.1, found at run time by their names.
///
/// The names on the left are ours, the strings in `init` are OpenSSL's: see the manual pages of these. Both versions
/// have all of them with the same types, but for one name.
///
/// `@unchecked Sendable`: nothing changes after `init`, and functions of C may be called on any thread.
final class OpenSSL: @unchecked Sendable {
    /// A pointer to something of OpenSSL's.
    typealias Object = OpaquePointer
    typealias Memory = UnsafeMutableRawPointer
    typealias CString = UnsafePointer<CChar>
    typealias PassphraseCallback =
        @convention(c) (
            UnsafeMutablePointer<CChar>?, _ size: Int32, _ isForWriting: Int32, Memory?
        ) -> Int32
    typealias ReadCallback = @convention(c) (Object?, UnsafeMutablePointer<CChar>?, Int32) -> Int32
    typealias WriteCallback = @convention(c) (Object?, CString?, Int32) -> Int32
    typealias ControlCallback = @convention(c) (Object?, Int32, Int, Memory?) -> Int

    // Contexts
    let clientMethod: @convention(c) () -> Object?
    let newContext: @convention(c) (Object?) -> Object?
    let freeContext: @convention(c) (Object?) -> Void
    let controlContext: @convention(c) (Object?, Int32, Int, Memory?) -> Int
    let setOptions: @convention(c) (Object?, UInt64) -> UInt64
    let setVerification: @convention(c) (Object?, Int32, Memory?) -> Void
    let trustLocations: @convention(c) (Object?, _ file: CString?, _ folder: CString?) -> Int32
    let trustSystem: @convention(c) (Object?) -> Int32
    let useCertificateChain: @convention(c) (Object?, CString?) -> Int32
    let useKey: @convention(c) (Object?, CString?, Int32) -> Int32
    let checkKey: @convention(c) (Object?) -> Int32
    let setPassphraseCallback: @convention(c) (Object?, PassphraseCallback?) -> Void
    let setPassphraseData: @convention(c) (Object?, Memory?) -> Void

    // Connections
    let newConnection: @convention(c) (Object?) -> Object?
    let freeConnection: @convention(c) (Object?) -> Void
    let controlConnection: @convention(c) (Object?, Int32, Int, Memory?) -> Int
    let setBIO: @convention(c) (Object?, Object?, Object?) -> Void
    let beClient: @convention(c) (Object?) -> Void
    let setHost: @convention(c) (Object?, CString?) -> Int32
    let setHostFlags: @convention(c) (Object?, UInt32) -> Void
    let parameters: @convention(c) (Object?) -> Object?
    let setAddress: @convention(c) (Object?, CString?) -> Int32
    let shakeHands: @convention(c) (Object?) -> Int32
    let read: @convention(c) (Object?, Memory?, Int32) -> Int32
    let write: @convention(c) (Object?, UnsafeRawPointer?, Int32) -> Int32
    let hasPending: @convention(c) (Object?) -> Int32
    let shutDown: @convention(c) (Object?) -> Int32
    let errorKind: @convention(c) (Object?, Int32) -> Int32
    let verificationResult: @convention(c) (Object?) -> Int
    let version: @convention(c) (Object?) -> CString?

    // Certificates
    let takeCertificate: @convention(c) (Object?) -> Object?
    let freeCertificate: @convention(c) (Object?) -> Void
    let certificateEnd: @convention(c) (Object?) -> Object?
    /// From one time to another; a time of nil is now.
    let timeDifference:
        @convention(c) (
            _ days: UnsafeMutablePointer<Int32>?, _ seconds: UnsafeMutablePointer<Int32>?, Object?, Object?
        ) -> Int32

    // Sessions
    let takeSession: @convention(c) (Object?) -> Object?
    let setSession: @convention(c) (Object?, Object?) -> Int32
    let freeSession: @convention(c) (Object?) -> Void
    let isResumable: @convention(c) (Object?) -> Int32
    let isResumed: @convention(c) (Object?) -> Int32

    // Errors
    let verificationText: @convention(c) (Int) -> CString?
    let nextError: @convention(c) () -> UInt
    let clearErrors: @convention(c) () -> Void
    let errorText: @convention(c) (UInt) -> CString?

    // BIOs, which move the bytes
    let newBIO: @convention(c) (Object?) -> Object?
    let setBIOData: @convention(c) (Object?, Memory?) -> Void
    let bioData: @convention(c) (Object?) -> Memory?
    let setBIOReady: @convention(c) (Object?, Int32) -> Void
    let setBIOFlags: @convention(c) (Object?, Int32) -> Void
    let clearBIOFlags: @convention(c) (Object?, Int32) -> Void
    /// What BIOs of ours do.
    let socketMethod: Object

    /// Nil for an OpenSSL whose version is not known to work.
    init(_ libraries: OpenSSLLibraries) throws(TLSUnavailable) {
        let ssl = libraries.ssl, crypto = libraries.crypto
        clientMethod = try ssl.function("TLS_client_method")
        newContext = try ssl.function("SSL_CTX_new")
        freeContext = try ssl.function("SSL_CTX_free")
        controlContext = try ssl.function("SSL_CTX_ctrl")
        setOptions = try ssl.function("SSL_CTX_set_options")
        setVerification = try ssl.function("SSL_CTX_set_verify")
        trustLocations = try ssl.function("SSL_CTX_load_verify_locations")
        trustSystem = try ssl.function("SSL_CTX_set_default_verify_paths")
        useCertificateChain = try ssl.function("SSL_CTX_use_certificate_chain_file")
        useKey = try ssl.function("SSL_CTX_use_PrivateKey_file")
        checkKey = try ssl.function("SSL_CTX_check_private_key")
        setPassphraseCallback = try ssl.function("SSL_CTX_set_default_passwd_cb")
        setPassphraseData = try ssl.function("SSL_CTX_set_default_passwd_cb_userdata")
        newConnection = try ssl.function("SSL_new")
        freeConnection = try ssl.function("SSL_free")
        controlConnection = try ssl.function("SSL_ctrl")
        setBIO = try ssl.function("SSL_set_bio")
        beClient = try ssl.function("SSL_set_connect_state")
        setHost = try ssl.function("SSL_set1_host")
        setHostFlags = try ssl.function("SSL_set_hostflags")
        parameters = try ssl.function("SSL_get0_param")
        setAddress = try crypto.function("X509_VERIFY_PARAM_set1_ip_asc")
        shakeHands = try ssl.function("SSL_do_handshake")
        read = try ssl.function("SSL_read")
        write = try ssl.function("SSL_write")
        hasPending = try ssl.function("SSL_has_pending")
        shutDown = try ssl.function("SSL_shutdown")
        errorKind = try ssl.function("SSL_get_error")
        verificationResult = try ssl.function("SSL_get_verify_result")
        version = try ssl.function("SSL_get_version")
        // Version 3 has its own name for it.
        takeCertificate = try ssl.function("SSL_get1_peer_certificate", or: "SSL_get_peer_certificate")
        freeCertificate = try crypto.function("X509_free")
        certificateEnd = try crypto.function("X509_get0_notAfter")
        timeDifference = try crypto.function("ASN1_TIME_diff")
        takeSession = try ssl.function("SSL_get1_session")
        setSession = try ssl.function("SSL_set_session")
        freeSession = try ssl.function("SSL_SESSION_free")
        isResumable = try ssl.function("SSL_SESSION_is_resumable")
        isResumed = try ssl.function("SSL_session_reused")
        verificationText = try crypto.function("X509_verify_cert_error_string")
        nextError = try crypto.function("ERR_get_error")
        clearErrors = try crypto.function("ERR_clear_error")
        errorText = try crypto.function("ERR_reason_error_string")
        newBIO = try crypto.function("BIO_new")
        setBIOData = try crypto.function("BIO_set_data")
        bioData = try crypto.function("BIO_get_data")
        setBIOReady = try crypto.function("BIO_set_init")
        setBIOFlags = try crypto.function("BIO_set_flags")
        clearBIOFlags = try crypto.function("BIO_clear_flags")
        let method = try SocketBIO.method(by: crypto)
        socketMethod = method
        // Else OpenSSL takes itself apart at the exit of a process whose other threads still use it.
        let initialise: @convention(c) (UInt64, UnsafeRawPointer?) -> Int32 =
            try crypto.function("OPENSSL_init_crypto")
        _ = initialise(Self.withoutExitHandler, nil)
    }

    private static let withoutExitHandler: UInt64 = 0x8_0000

    /// The oldest error of this thread's queue, which is empty then; 0 if there was none.
    func takeError() -> UInt {
        let code = nextError()
        clearErrors()
        return code
    }

    /// What OpenSSL says about an error of its queue, in its own words.
    func text(of error: UInt) -> String {
        if error == 0 { return "no reason given" }
        return errorText(error).map { String(cString: $0) } ?? "error 0x" + String(error, radix: 16)
    }
}

/// Numbers of OpenSSL's headers. They are the same in 1.1 and 3.
extension OpenSSL {
    enum Control {
        static let mode: Int32 = 33
        static let readAhead: Int32 = 41
        static let sessionCache: Int32 = 44
        static let serverName: Int32 = 55
        static let minimumVersion: Int32 = 123
    }

    enum Mode {
        static let partialWrite = 0x1
        static let movingBuffer = 0x2
        static let releaseBuffers = 0x10
    }

    enum Option {
        static let noCompression: UInt64 = 1 << 17
        static let noRenegotiation: UInt64 = 1 << 30
    }

    enum HostFlag {
        static let noPartialWildcards: UInt32 = 0x4
        static let neverCheckSubject: UInt32 = 0x20
    }

    /// What `SSL_get_error` says.
    enum Outcome {
        static let protocolError: Int32 = 1
        static let wantsRead: Int32 = 2
        static let wantsWrite: Int32 = 3
        static let systemError: Int32 = 5
        static let closed: Int32 = 6
    }

    static let verifyPeer: Int32 = 1
    static let pem: Int32 = 1
}
