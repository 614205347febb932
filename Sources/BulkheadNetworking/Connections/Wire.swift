import BulkheadRESP

/// A connected socket and the decoder behind it: bytes out, values in.
///
/// It knows neither requests nor threads. Whoever holds it is its only user at that moment, and closes it.
final class Wire {
    let descriptor: Int32
    private let endpoint: Endpoint
    @exclusivity(unchecked) private var decoder: RESPDecoder
    /// Bytes still to be written, from `written` on.
    @exclusivity(unchecked) private var outgoing: [UInt8] = []
    @exclusivity(unchecked) private var written = 0
    /// Bytes of a write buffer that is used again.
    private static let largestKept = 64 << 10

    init(_ socket: Socket, _ settings: ConnectionSettings) {
        descriptor = socket.descriptor
        endpoint = settings.endpoint
        decoder = RESPDecoder(limits: settings.limits)
    }

    /// Gives back what only a busy connection needs, where nothing is under way.
    func releaseSpareMemory() {
        decoder.releaseSpareMemory()
        if !hasUnwritten { outgoing = [] }
    }

    // MARK: Writing

    /// Bytes that wait for the socket to take more.
    var unwrittenCount: Int { outgoing.count - written }
    var hasUnwritten: Bool { unwrittenCount > 0 }

    /// Has these bytes written before any that `write` takes.
    func put(_ bytes: [UInt8]) { outgoing.append(contentsOf: bytes) }

    /// Writes what is left, then what `next` puts into the written buffer, until that is nothing. False if the socket
    /// takes no more for now.
    func write(_ next: (inout [UInt8]) -> Void) throws(ConnectionFailure) -> Bool {
        while true {
            guard try writeWhatIsLeft() else { return false }
            next(&outgoing)
            if outgoing.isEmpty { return true }
        }
    }

    private func writeWhatIsLeft() throws(ConnectionFailure) -> Bool {
        while written < outgoing.count {
            let transfer = outgoing.withUnsafeBytes {
                SystemCall.write(descriptor, UnsafeRawBufferPointer(rebasing: $0[written...]))
            }
            switch transfer {
            case .moved(let count): written += count
            case .wouldBlock: return false
            case .failed(let code): throw Socket.failure(code: code, endpoint: endpoint)
            }
        }
        written = 0
        // A large request may be its caller's own array, and its room is not worth keeping.
        if outgoing.capacity > Self.largestKept { outgoing = [] } else { outgoing.removeAll(keepingCapacity: true) }
        return true
    }

    // MARK: Reading

    /// Reads once, without waiting; false if nothing is there. An end of stream is a failure.
    func receive() throws(ConnectionFailure) -> Bool {
        var transfer = SystemCall.Transfer.wouldBlock
        decoder.receive { space in
            transfer = SystemCall.read(descriptor, into: space)
            if case .moved(let count) = transfer { return count }
            return 0
        }
        switch transfer {
        case .moved(0): throw Socket.endOfStream(endpoint: endpoint)
        case .moved: return true
        case .wouldBlock: return false
        case .failed(let code): throw Socket.failure(code: code, endpoint: endpoint)
        }
    }

    /// Appends every whole value of what was received; those before a violation are appended when it is thrown.
    func decode(into values: inout [RESPValue]) throws(ConnectionFailure) {
        do {
            try decoder.decode(into: &values)
        } catch {
            throw ConnectionFailure(.protocolViolation(error), "\(endpoint) sent what is not RESP: \(error)")
        }
    }

    /// Bytes received of a reply that is not whole yet.
    var bytesOfOpenReply: Int { decoder.bytesOfOpenReply }

    /// True between replies: no byte of an unfinished one has been received.
    var isBetweenReplies: Bool { decoder.isBetweenReplies }
}
