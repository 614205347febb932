// The bytes that wait to be handed out. What was handed out cannot be taken back, so a queue that the socket does not
// take at once leaves in pieces: until its piece is taken a request can be cancelled, and never runs.

extension ConnectionMachine {
    /// Bytes handed out at a time, unless one request alone has more: what a socket takes at once or nearly so, and
    /// enough that the number of writes does not matter.
    static var largestPiece: Int { 64 << 10 }

    /// Where in everything this connection ever sends the next request begins.
    var endOfOutgoing: Int { handedOut + outgoing.count - outgoingStart }

    /// Bytes that wait for being handed out, and will be.
    var waitingBytes: Int { outgoing.count - outgoingStart - bytesCancelledBeforeSend }

    /// Bytes of the request at `position`.
    func size(of position: Int) -> Int { beginning(of: position + 1) - queue[position].firstByte }

    private func beginning(of position: Int) -> Int {
        position < queue.count ? queue[position].firstByte : endOfOutgoing
    }

    /// The first in the queue that was not handed out.
    private var firstToLeave: Int { queue.firstPosition { $0.firstByte >= handedOut } }

    /// All bytes that may be written now.
    package mutating func takeOutgoing() -> [UInt8] {
        var bytes: [UInt8] = []
        var piece: [UInt8] = []
        while hasOutgoing {
            takeOutgoing(into: &piece)
            if bytes.isEmpty { swap(&bytes, &piece) } else { bytes += piece }
        }
        return bytes
    }

    /// Puts the next piece into an empty `buffer`. What was cancelled is left out of it, and out of the queue.
    mutating func takePiece(into buffer: inout [UInt8]) {
        let first = firstToLeave
        var (end, span, size) = (first, 0, 0)
        while end < queue.count {
            let next = self.size(of: end)
            if !queue[end].isCancelledBeforeSend {
                if size > 0, size + next > Self.largestPiece { break }
                size += next
            }
            span += next
            end += 1
        }
        let rest = outgoing.count - outgoingStart - span
        if size < span {
            copyLiving(first..<end, cancelled: span - size, into: &buffer)
            outgoingStart += span
        } else if outgoingStart == 0, rest <= span {
            // The fewer bytes are copied. A large request that stands alone goes from where it was encoded.
            swap(&outgoing, &buffer)
            if rest > 0 {
                outgoing.append(contentsOf: buffer[span...])
                buffer.removeLast(rest)
            }
        } else {
            buffer.append(contentsOf: outgoing[outgoingStart..<outgoingStart + span])
            outgoingStart += span
        }
        handedOut += span
        dropHandedOut()
        dropCancelledIfMany()
    }

    private mutating func copyLiving(_ piece: Range<Int>, cancelled: Int, into buffer: inout [UInt8]) {
        // What follows the piece stays where it is, so that the gap comes before it.
        var (gap, start, count) = (cancelled, outgoingStart, 0)
        for position in piece {
            let size = size(of: position)
            if queue[position].isCancelledBeforeSend {
                gap -= size
                count += 1
            } else {
                buffer.append(contentsOf: outgoing[start..<start + size])
                move(position, to: queue[position].firstByte + gap)
            }
            start += size
        }
        queue.removeAll(in: piece) { $0.isCancelledBeforeSend }
        cancelledBeforeSend -= count
        bytesCancelledBeforeSend -= cancelled
    }

    private mutating func move(_ position: Int, to beginning: Int) {
        queue[position].firstByte = beginning
        if !beginnings.isEmpty { beginnings[queue[position].ticket] = beginning }
    }

    /// Bytes that are gone are moved over only when they are as many as those that wait.
    private mutating func dropHandedOut() {
        if outgoingStart == outgoing.count {
            if outgoingStart > 0 { outgoing = [] }
        } else if outgoingStart > 0, 2 * outgoingStart >= outgoing.count {
            outgoing.removeSubrange(..<outgoingStart)
        } else {
            return
        }
        outgoingStart = 0
    }

    /// Takes what was cancelled before send out of the queue once it is more than half, in bytes or number: so each
    /// costs a constant time, and what waits is at most doubled. It never is all there is.
    mutating func dropCancelledIfMany() {
        guard cancelledBeforeSend > 0,
            bytesCancelledBeforeSend > waitingBytes || 2 * cancelledBeforeSend > queue.count
        else { return }
        let first = firstToLeave
        var kept: [UInt8] = []
        kept.reserveCapacity(waitingBytes)
        var start = outgoingStart
        for position in first..<queue.count {
            let size = size(of: position)
            if !queue[position].isCancelledBeforeSend {
                move(position, to: handedOut + kept.count)
                kept.append(contentsOf: outgoing[start..<start + size])
            }
            start += size
        }
        queue.removeAll(in: first..<queue.count) { $0.isCancelledBeforeSend }
        outgoing = kept
        outgoingStart = 0
        cancelledBeforeSend = 0
        bytesCancelledBeforeSend = 0
        // Later requests begin where those were.
        silence.beginning = min(silence.beginning, endOfOutgoing)
    }
}

extension ConnectionMachine.Request {
    /// It was cancelled before it was handed out.
    var isCancelledBeforeSend: Bool { missing == 0 }
}
