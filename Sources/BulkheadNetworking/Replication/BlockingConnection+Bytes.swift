// Bytes as they come, for what follows no request: a snapshot on a replication stream. Nothing else can be done with a
// connection after that.

extension BlockingConnection {
    /// How often `isWanted` is asked while nothing comes.
    private static let askInterval = Duration.milliseconds(200)

    /// Writes bytes that no reply of RESP answers; throws if the socket takes none of them for `silence`.
    package func writeBytes(_ bytes: [UInt8], silence: Duration) throws(ConnectionFailure) {
        wire.put(bytes)
        let end = Moment.now + silence
        while try !wire.write({ _ in }) {
            guard wire.wait(alsoToWrite: true, milliseconds: (end - .now).wholeMilliseconds) else {
                throw silent("took no bytes", silence)
            }
        }
    }

    /// Waits for bytes, reads them once and returns how many came; 0 if `isWanted` says so, which is asked a few times
    /// a second while nothing comes.
    ///
    /// An end of stream is a failure, and so is a server that sends nothing for `silence`.
    package func readBytes(
        into space: UnsafeMutableRawBufferPointer, silence: Duration, while isWanted: () -> Bool
    ) throws(ConnectionFailure) -> Int {
        let end = Moment.now + silence
        while true {
            if let count = try wire.stream.read(into: space) { return count }
            guard isWanted() else { return 0 }
            let timeout = min(end - .now, Self.askInterval)
            guard timeout > .zero else { throw silent("sent nothing", silence) }
            _ = wire.wait(alsoToWrite: false, milliseconds: timeout.wholeMilliseconds)
        }
    }

    /// What `readBytes` and its like say of a server that does nothing for `time`.
    package func silent(_ what: String, _ time: Duration) -> ConnectionFailure {
        ConnectionFailure(
            .timedOut, "\(settings.endpoint) \(what) for \(time); is it busy, or its link?", stage: .sent)
    }

    /// What is said of bytes that are not what was asked for.
    package func unexpected(_ what: String) -> ConnectionFailure {
        ConnectionFailure(.unsolicitedReply, "\(settings.endpoint) \(what)")
    }
}
