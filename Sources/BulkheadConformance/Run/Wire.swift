/// A connection, and what has come over it. It blocks its thread, up to the deadline of each call.
final class Wire {
    /// What happened on it, for reports.
    struct Event {
        let isSent: Bool
        let bytes: [UInt8]
    }

    private let stream: any ConformanceStream
    private(set) var isClosed = false
    private var inbox: [UInt8] = []
    private var position = 0
    private(set) var events: [Event] = []
    /// What goes over it by the million is not written down.
    var keepsEvents = true
    private static let chunk = 64 << 10
    private static let readsInARow = 16

    init(to target: ConformanceTarget) throws(ConformanceError) { stream = try target.connect() }

    /// Why it is closed, where more is known than that the server has closed it.
    var ending: ConformanceError? { stream.ending }
    var isEncrypted: Bool { stream.isEncrypted }

    /// Sends all bytes, and reads what comes meanwhile: a server that cannot write may not read either. False if the
    /// peer has closed or the deadline has passed.
    func send(_ bytes: [UInt8], until deadline: ContinuousClock.Instant) -> Bool {
        if keepsEvents { events.append(Event(isSent: true, bytes: bytes)) }
        var sent = 0
        while sent < bytes.count {
            switch bytes.withUnsafeBytes({ stream.write(UnsafeRawBufferPointer(rebasing: $0[sent...])) }) {
            case nil:
                guard wait(alsoToWrite: true, until: deadline) else { return false }
                receive()
            // What the server had to say before it closed is still to be read.
            case 0?: return false
            case let count?: sent += count
            }
        }
        return true
    }

    /// The next value and its bytes; nil at the deadline, or when the peer has closed.
    func value(until deadline: ContinuousClock.Instant) throws(WireViolation) -> (WireValue, [UInt8])? {
        var skim = WireSkim(from: position)
        while true {
            let isLast = isClosed || deadline <= .now
            // What is no RESP has no end that could be found.
            if skim.isWhole(in: inbox) || isLast {
                var reader = WireReader(inbox, from: position)
                if let value = try reader.next() {
                    let raw = Array(inbox[position..<reader.position])
                    position = reader.position
                    if position > Self.chunk { discardRead() }
                    if raw.count <= Self.chunk || events.count < 1_000 {
                        events.append(Event(isSent: false, bytes: raw))
                    }
                    return (value, raw)
                }
            }
            guard !isLast else { return nil }
            if wait(until: deadline) { receive() }
        }
    }

    private func discardRead() {
        inbox.removeFirst(position)
        position = 0
    }

    /// Bytes that have come and were not read as values.
    var unread: ArraySlice<UInt8> { inbox[position...] }

    /// Takes them.
    func takeUnread() -> ArraySlice<UInt8> {
        defer {
            inbox.removeAll(keepingCapacity: true)
            position = 0
        }
        return unread
    }

    /// Waits for bytes; true if any are there. At an end of the stream `isClosed` becomes true.
    func fill(until deadline: ContinuousClock.Instant) -> Bool {
        // Over TLS a socket has bytes without a word of the server's.
        while unread.isEmpty, !isClosed, wait(until: deadline) { receive() }
        return !unread.isEmpty
    }

    /// Waits for the end of the stream; what comes before it stays unread.
    func waitForEnd(until deadline: ContinuousClock.Instant) -> Bool {
        while !isClosed {
            guard wait(until: deadline) else { return false }
            receive()
        }
        return true
    }

    /// Takes what has arrived, without waiting, up to a bound: a server that sends without pause must not keep whoever
    /// called from looking at the time.
    func receive() {
        var space = [UInt8](repeating: 0, count: Self.chunk)
        var reads = 0
        while reads < Self.readsInARow, !isClosed, let count = space.withUnsafeMutableBytes({ stream.read(into: $0) }) {
            isClosed = count == 0
            inbox += space[..<count]
            reads += 1
        }
    }

    private func wait(alsoToWrite: Bool = false, until deadline: ContinuousClock.Instant) -> Bool {
        while true {
            let left = deadline - .now
            guard left > .zero else { return false }
            let milliseconds = left.components.seconds * 1_000 + left.components.attoseconds / 1_000_000_000_000_000
            if stream.wait(alsoToWrite: alsoToWrite, milliseconds: Int32(clamping: milliseconds + 1)) { return true }
        }
    }
}
