#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// How OpenSSL reads and writes a socket: by functions of ours.
///
/// OpenSSL's own functions write without MSG_NOSIGNAL, and SIGPIPE would end the process when the peer has gone. These
/// also keep the system's error code, and read at most once for each read of the stream.
enum SocketBIO {
    /// What a BIO points at. It outlives the BIO.
    struct State {
        let descriptor: Int32
        /// Reads of the socket that are left before OpenSSL must be satisfied with what it has.
        var readsLeft = Int.max
        /// The code of the read or write that failed; 0 is none.
        var code: Int32 = 0
        /// The peer has ended its stream.
        var hasEnded = false
    }

    /// The methods of such BIOs, made once.
    static func method(by crypto: OpenSSLLibraries.Library) throws(TLSUnavailable) -> OpenSSL.Object {
        let newIndex: @convention(c) () -> Int32 = try crypto.function("BIO_get_new_index")
        let newMethod: @convention(c) (Int32, OpenSSL.CString?) -> OpenSSL.Object? =
            try crypto.function("BIO_meth_new")
        let setRead: @convention(c) (OpenSSL.Object?, OpenSSL.ReadCallback?) -> Int32 =
            try crypto.function("BIO_meth_set_read")
        let setWrite: @convention(c) (OpenSSL.Object?, OpenSSL.WriteCallback?) -> Int32 =
            try crypto.function("BIO_meth_set_write")
        let setControl: @convention(c) (OpenSSL.Object?, OpenSSL.ControlCallback?) -> Int32 =
            try crypto.function("BIO_meth_set_ctrl")
        guard let method = newMethod(newIndex() | sourceOrSink, "bulkhead socket") else {
            throw TLSUnavailable(reason: "OpenSSL has no memory left")
        }
        _ = setRead(method, { bio, space, count in SocketBIO.read(bio, space, count) })
        _ = setWrite(method, { bio, bytes, count in SocketBIO.write(bio, bytes, count) })
        _ = setControl(method, { bio, command, _, _ in SocketBIO.control(bio, command) })
        return method
    }

    private static let sourceOrSink: Int32 = 0x400

    // Flags of a BIO that tell OpenSSL what to wait for.
    private static let wantsRead: Int32 = 0x1
    private static let wantsWrite: Int32 = 0x2
    private static let retry: Int32 = 0x8
    private static let allFlags: Int32 = 0xf

    private static func state(
        of bio: OpenSSL.Object?
    ) -> (OpenSSL, UnsafeMutablePointer<State>)? {
        guard case .success(let library) = OpenSSL.loaded, let data = library.bioData(bio) else { return nil }
        library.clearBIOFlags(bio, allFlags)
        return (library, data.assumingMemoryBound(to: State.self))
    }

    private static func read(_ bio: OpenSSL.Object?, _ space: UnsafeMutablePointer<CChar>?, _ count: Int32) -> Int32 {
        guard let (library, state) = state(of: bio) else { return -1 }
        guard state.pointee.readsLeft > 0 else {
            library.setBIOFlags(bio, wantsRead | retry)
            return -1
        }
        state.pointee.readsLeft -= 1
        let space = UnsafeMutableRawBufferPointer(start: space, count: Int(count))
        switch SystemCall.read(state.pointee.descriptor, into: space) {
        case .moved(0):
            state.pointee.hasEnded = true
            return 0
        case .moved(let moved): return Int32(moved)
        case .wouldBlock: library.setBIOFlags(bio, wantsRead | retry)
        case .failed(let code): state.pointee.code = code
        }
        return -1
    }

    private static func write(_ bio: OpenSSL.Object?, _ bytes: OpenSSL.CString?, _ count: Int32) -> Int32 {
        guard let (library, state) = state(of: bio) else { return -1 }
        switch SystemCall.write(state.pointee.descriptor, UnsafeRawBufferPointer(start: bytes, count: Int(count))) {
        case .moved(let moved): return Int32(moved)
        case .wouldBlock: library.setBIOFlags(bio, wantsWrite | retry)
        case .failed(let code): state.pointee.code = code
        }
        return -1
    }

    private static let isAtEnd: Int32 = 2
    private static let flush: Int32 = 11

    private static func control(_ bio: OpenSSL.Object?, _ command: Int32) -> Int {
        switch command {
        // Nothing is kept back.
        case flush: return 1
        case isAtEnd:
            guard case .success(let library) = OpenSSL.loaded, let data = library.bioData(bio) else { return 0 }
            return data.assumingMemoryBound(to: State.self).pointee.hasEnded ? 1 : 0
        default: return 0
        }
    }
}
