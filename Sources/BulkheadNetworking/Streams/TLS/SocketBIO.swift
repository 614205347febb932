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
///
/// They take what the socket does not, up to a bound: OpenSSL cannot answer a peer that asks for new keys while half of
/// one of its records is written (its error is "bad length"), so that none ever is.
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
        /// Whole records that the socket did not take yet; `flush` writes them.
        var unsent: [UInt8] = []
        /// The code of the write that failed; nothing is written after it. 0 is none.
        var writeCode: Int32 = 0

        /// One record fits, and the answers to tens of thousands of changes of keys; a peer that asks for more and
        /// takes none of the answers is not read from any more.
        static let mostUnsent = 1 << 20

        /// Writes what the socket takes of `unsent`; false if some of it is left.
        mutating func flush() -> Bool {
            if unsent.isEmpty { return true }
            let written = unsent.withUnsafeBytes { send($0) }
            if written == unsent.count || writeCode != 0 {
                unsent = []
                return true
            }
            unsent.removeFirst(written)
            return false
        }

        /// Writes behind what is unsent, and keeps what the socket does not take; false if that would be too much.
        mutating func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
            let written = unsent.isEmpty ? send(bytes) : 0
            if written == bytes.count || writeCode != 0 { return true }
            guard unsent.count + bytes.count <= Self.mostUnsent else { return false }
            unsent.append(contentsOf: bytes[written...])
            return true
        }

        /// Writes as much as the socket takes now, and returns how many bytes it took.
        private mutating func send(_ bytes: UnsafeRawBufferPointer) -> Int {
            guard writeCode == 0 else { return 0 }
            switch SystemCall.write(descriptor, bytes) {
            case .moved(let count): return count
            case .wouldBlock: return 0
            case .failed(let code):
                writeCode = code
                return 0
            }
        }
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
        if !state.pointee.write(UnsafeRawBufferPointer(start: bytes, count: Int(count))) {
            library.setBIOFlags(bio, wantsWrite | retry)
            return -1
        }
        state.pointee.code = state.pointee.writeCode
        return state.pointee.code == 0 ? count : -1
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
