import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What a server needs of OpenSSL, for ``TLSProxy``; the libraries that the client would find.
struct ServerOpenSSL: @unchecked Sendable {
    typealias Object = OpaquePointer

    static let shared = ServerOpenSSL()

    let serverMethod: @convention(c) () -> Object?
    let newContext: @convention(c) (Object?) -> Object?
    let freeContext: @convention(c) (Object?) -> Void
    let controlContext: @convention(c) (Object?, Int32, Int, UnsafeMutableRawPointer?) -> Int
    let useCertificateChain: @convention(c) (Object?, UnsafePointer<CChar>?) -> Int32
    let useKey: @convention(c) (Object?, UnsafePointer<CChar>?, Int32) -> Int32
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
    let shutDown: @convention(c) (Object?) -> Int32
    let clearErrors: @convention(c) () -> Void

    private init() {
        let folder = getenv("BULKHEAD_OPENSSL").map { String(cString: $0) + "/" } ?? ""
        func open(_ name: String) -> UnsafeMutableRawPointer? {
            ["so.3", "so.1.1", "3.dylib"].lazy.compactMap { dlopen("\(folder)\(name).\($0)", RTLD_NOW) }.first
        }
        guard let crypto = open("libcrypto"), let ssl = open("libssl") else {
            preconditionFailure("there is no OpenSSL for the TLS proxy")
        }
        func function<Function>(_ name: String, in library: UnsafeMutableRawPointer) -> Function {
            guard let address = dlsym(library, name) else { preconditionFailure("OpenSSL has no \(name)") }
            return unsafeBitCast(address, to: Function.self)
        }
        serverMethod = function("TLS_server_method", in: ssl)
        newContext = function("SSL_CTX_new", in: ssl)
        freeContext = function("SSL_CTX_free", in: ssl)
        controlContext = function("SSL_CTX_ctrl", in: ssl)
        useCertificateChain = function("SSL_CTX_use_certificate_chain_file", in: ssl)
        useKey = function("SSL_CTX_use_PrivateKey_file", in: ssl)
        newConnection = function("SSL_new", in: ssl)
        freeConnection = function("SSL_free", in: ssl)
        setDescriptor = function("SSL_set_fd", in: ssl)
        accept = function("SSL_accept", in: ssl)
        shakeHands = function("SSL_do_handshake", in: ssl)
        read = function("SSL_read", in: ssl)
        write = function("SSL_write", in: ssl)
        errorKind = function("SSL_get_error", in: ssl)
        pending = function("SSL_pending", in: ssl)
        updateKey = function("SSL_key_update", in: ssl)
        shutDown = function("SSL_shutdown", in: ssl)
        clearErrors = function("ERR_clear_error", in: crypto)
    }
}
