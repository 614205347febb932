import BulkheadRESP

// A peer that answers nobody: a proxy whose server is gone, a NAT that acknowledges and forwards nothing. The socket
// shows no fault, so the only sign is that requests are cancelled while not one byte comes.

extension ConnectionMachine {
    /// What is known about a peer from which no byte has come.
    struct Silence: Sendable {
        /// Where the requests began that were queued after the last byte had come.
        var beginning = 0
        /// How many of those were cancelled.
        var unanswered = 0
        /// When the first of them was.
        var start = Moment.never
        /// A PING of ours is in the queue or on its way since the last byte.
        var isProbed = false
        /// Its time is over.
        var isProbeOver = false
    }

    /// Requests in a row cancelled without a byte, before the connection takes no new ones: one may be a slow command,
    /// two a coincidence.
    static var mostUnanswered: Int { 3 }

    /// How long after the first of them it must have been silent: callers with little time give up many at once, before
    /// a far server can have answered.
    static var leastSilence: Duration { .milliseconds(500) }

    /// Bytes have come; also such that are only a part of a reply.
    mutating func bytesArrived() {
        silence.beginning = endOfOutgoing
        silence.unanswered = 0
        silence.isProbed = false
    }

    /// A request was cancelled at `now`. It tells nothing where bytes have come since it was queued, or where the
    /// peer owes no reply.
    mutating func noteCancelled(_ request: Request, at now: Moment) {
        guard isFirstHandedOut, request.firstByte >= silence.beginning else { return }
        if silence.unanswered == 0 { silence.start = now }
        silence.unanswered += 1
    }

    /// True if the peer seems to answer nobody. Read before you believe it: its bytes may be there, and nobody had time
    /// for them.
    package func isSilent(at now: Moment) -> Bool {
        isProbeUnanswered
            || silence.unanswered >= Self.mostUnanswered && now - silence.start >= Self.leastSilence
    }

    private var isProbeUnanswered: Bool { silence.isProbed && silence.isProbeOver }

    /// To be called where a read has just found nothing: a silent connection takes no new requests. Those in the queue
    /// may still be answered, and wait as long as they like. After a PING, for which nobody waits, it must end with the
    /// failure returned.
    ///
    /// A server that a script or a slow command holds is silent on all connections. The next one to it waits in its
    /// handshake, for all callers together, and counts for the circuit like any other.
    package mutating func closeIfSilent(at now: Moment) -> ConnectionFailure? {
        guard isSilent(at: now) else { return nil }
        close()
        guard isProbeUnanswered else { return nil }
        return ConnectionFailure(
            .inputOutput,
            "\(settings.endpoint) sent nothing after a PING, so the connection is closed: the network dropped it "
                + "without notice, or the server hangs")
    }

    /// Once an interval: sends a PING where nobody has asked anything that tells as much. True if the one before is
    /// unanswered.
    mutating func probeOrJudge() -> Bool {
        if silence.isProbed {
            silence.isProbeOver = true
        } else if !isHandshaking, !refusesRequests, queue.count == cancelledAfterSend {
            var encoder = RESPEncoder()
            encoder.command("PING", argumentCount: 1)
            enterUnawaited(encoder.bytes)
            silence.isProbed = true
            silence.isProbeOver = false
        }
        return isProbeUnanswered
    }
}
