import BulkheadRESP

/// A byte stream and the decoder behind it: bytes out, values in.
///
/// It knows neither requests nor threads. Whoever holds it is its only user at that moment, and closes it.
final class Wire {
    let stream: ByteStream
    private let endpoint: Endpoint
    @exclusivity(unchecked) private var decoder: RESPDecoder
    /// Bytes still to be written, from `written` on.
    @exclusivity(unchecked) private var outgoing: [UInt8] = []
    @exclusivity(unchecked) private var written = 0
    /// What a layer said behind bytes that are not decoded yet.
    @exclusivity(unchecked) private var failureBehind: ConnectionFailure?
    /// Bytes of a write buffer that is used again.
    private static let largestKept = 64 << 10

    init(_ stream: ByteStream, _ settings: ConnectionSettings) {
        self.stream = stream
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
        if outgoing.isEmpty { return true }
        while written < outgoing.count {
            let answer = outgoing.withUnsafeBytes { bytes in
                Result { () throws(ConnectionFailure) in
                    try stream.write(UnsafeRawBufferPointer(rebasing: bytes[written...]))
                }
            }
            let count = try answer.get()
            guard let count else { return false }
            written += count
        }
        written = 0
        // A large request may be its caller's own array, and its room is not worth keeping.
        if outgoing.capacity > Self.largestKept { outgoing = [] } else { outgoing.removeAll(keepingCapacity: true) }
        return true
    }

    // MARK: Waiting

    /// Waits until more can be read, or, if `alsoToWrite`, more of what is left be written; false past `milliseconds`
    /// (negative: no limit).
    func wait(alsoToWrite: Bool, milliseconds: Int32) -> Bool {
        // What a layer holds wakes nobody; a reply may have come together with the end of the layer's handshake.
        stream.holdsMore || stream.wait(for: stream.interest(hasUnwritten: alsoToWrite), milliseconds: milliseconds)
    }

    // MARK: Reading

    /// Reads what one look at the socket brings, without waiting; false if nothing is there. An end of stream is a
    /// failure.
    func receive() throws(ConnectionFailure) -> Bool {
        guard try receiveOnce() else { return false }
        // What a layer holds wakes nobody.
        while stream.holdsMore, failureBehind == nil {
            do throws(ConnectionFailure) {
                guard try receiveOnce() else { break }
            } catch {
                failureBehind = error
            }
        }
        return true
    }

    private func receiveOnce() throws(ConnectionFailure) -> Bool {
        var failure: ConnectionFailure?
        let count = decoder.receive { space in
            do throws(ConnectionFailure) {
                return try stream.read(into: space) ?? 0
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        return count > 0
    }

    /// Appends every whole value of what was received; those before a violation, or the end of the stream, are appended
    /// when it is thrown.
    func decode(into values: inout [RESPValue]) throws(ConnectionFailure) {
        do {
            try decoder.decode(into: &values)
        } catch {
            throw ConnectionFailure(.protocolViolation(error), "\(endpoint) sent bytes that are not RESP: \(error)")
        }
        if let failureBehind { throw failureBehind }
    }

    /// Bytes received of a reply that is not whole yet.
    var bytesOfOpenReply: Int { decoder.bytesOfOpenReply }

    /// True between replies: no byte of an unfinished one has been received.
    var isBetweenReplies: Bool { decoder.isBetweenReplies }
}
