package import BulkheadRESP

/// A connection that fetches a snapshot of the whole server, as a replica does, and ends with it. Blocks its thread.
///
/// ```
/// handshake, as for any connection
/// REPLCONF capa eof            the snapshot may come without a length
/// REPLCONF version 9.1.2       Valkey: in the format of that version, else in an older one that lacks types
/// REPLCONF rdb-only 1          and nothing behind it
/// SYNC
/// ```
/// The server forks and writes all its databases; who wants one has to cut it out.
package final class SnapshotTransfer {
    /// What the server said to SYNC, or to what is asked before it.
    package enum Answer {
        case begun(SnapshotFraming)
        /// Its error: no permission, no such command, a replica without its primary.
        case refused(RESPBytes)
    }

    private let connection: BlockingConnection
    /// Bytes that came with the head; they belong to the snapshot.
    private var early: ArraySlice<UInt8> = []
    /// Bytes of the snapshot still to come, where the server told a length.
    private var left: Int?
    private let silence: Duration

    /// How long a server may send nothing, not even a keep-alive, before it is given up: the servers' own
    /// `repl-timeout`. They send a keep-alive each second to 10 s.
    package static let silenceLimit = Duration.seconds(60)
    /// How often `isWanted` is asked while nothing comes.
    private static let askInterval = Duration.milliseconds(200)

    /// Connects and shakes hands; a failure leaves nothing open.
    package init(
        _ settings: ConnectionSettings, silence: Duration = silenceLimit
    ) throws(ConnectionFailure) {
        connection = try BlockingConnection(settings)
        self.silence = silence
    }

    /// Asks for the snapshot and waits for its beginning, for at most `wait`.
    ///
    /// The server waits itself: 5 s for others who may want the same (`repl-diskless-sync-delay`), and for the end of
    /// another snapshot or rewrite. `isWanted` is asked now and then meanwhile; false ends the wait as `cancelled`.
    package func begin(
        announcing version: String?, wait: Duration, isWanted: () -> Bool
    ) throws(ConnectionFailure) -> Answer {
        let deadline = Deadline(after: Timeout(silence))
        let questions = [["capa", "eof"]] + (version.map { [["version", $0]] } ?? []) + [["rdb-only", "1"]]
        for question in questions {
            let reply = try connection.send(Self.encoded(["REPLCONF"] + question), until: deadline)
            // A server that does not know versions sends what it has.
            if question[0] != "version", let message = reply.errorMessage { return .refused(message) }
        }
        // A request that no reply of RESP follows: from here on the bytes are read as they come.
        try write(Self.encoded(["SYNC"]))
        return try readHead(until: .now + wait, wait, isWanted)
    }

    private static func encoded(_ words: [String]) -> [UInt8] {
        var encoder = RESPEncoder(capacity: 64)
        encoder.command(argumentCount: words.count)
        for word in words { encoder.argument(word) }
        return encoder.bytes
    }

    private func write(_ bytes: [UInt8]) throws(ConnectionFailure) {
        connection.wire.put(bytes)
        let end = Moment.now + silence
        while try !connection.wire.write({ _ in }) {
            guard connection.wire.wait(alsoToWrite: true, milliseconds: (end - .now).wholeMilliseconds) else {
                throw late("took no bytes", silence)
            }
        }
    }

    private func readHead(
        until end: Moment, _ wait: Duration, _ isWanted: () -> Bool
    ) throws(ConnectionFailure) -> Answer {
        var head = SnapshotHead()
        var block = [UInt8](repeating: 0, count: 512)
        while true {
            var span = block.mutableSpan
            let count = try span.withUnsafeMutableBytes { space throws(ConnectionFailure) in
                try receive(into: space) { isWanted() && Moment.now < end }
            }
            guard count > 0 else {
                guard isWanted() else { throw ConnectionFailure.cancelled(.sent) }
                throw late("did not begin its snapshot", wait)
            }
            for (index, byte) in block[..<count].enumerated() {
                switch head.take(byte) {
                case nil: continue
                case .refused(let message): return .refused(RESPBytes(message))
                case .unknown:
                    throw ConnectionFailure(
                        .unsolicitedReply,
                        "\(endpoint) answered SYNC by what is neither a snapshot nor an error")
                case .snapshot(let framing):
                    early = block[(index + 1)..<count]
                    if case .length(let length) = framing { left = length }
                    return .begun(framing)
                }
            }
        }
    }

    /// Waits for the next bytes of the snapshot and what stands behind it, and returns how many came; 0 at the end.
    ///
    /// Where the server told a length the end is behind so many bytes, else where it closes the connection. A
    /// connection that breaks before throws, and so does a server that is silent for too long.
    package func read(
        into space: UnsafeMutableRawBufferPointer, isWanted: () -> Bool
    ) throws(ConnectionFailure) -> Int {
        if left == 0 { return 0 }
        let space = UnsafeMutableRawBufferPointer(rebasing: space.prefix(left ?? space.count))
        let count: Int
        if early.isEmpty {
            do throws(ConnectionFailure) {
                count = try receive(into: space, while: isWanted)
            } catch where error.reason == .closedByServer && left == nil {
                return 0
            }
            guard count > 0 else { throw ConnectionFailure.cancelled(.sent) }
        } else {
            count = min(early.count, space.count)
            space.copyBytes(from: early.prefix(count))
            early = early.dropFirst(count)
        }
        left = left.map { $0 - count }
        return count
    }

    /// Reads once, waiting for bytes; 0 if `isWanted` says so. An end of stream is a failure.
    private func receive(
        into space: UnsafeMutableRawBufferPointer, while isWanted: () -> Bool
    ) throws(ConnectionFailure) -> Int {
        let end = Moment.now + silence
        while true {
            if let count = try connection.wire.stream.read(into: space) { return count }
            guard isWanted() else { return 0 }
            let timeout = min(end - .now, Self.askInterval)
            guard timeout > .zero else { throw late("sent nothing", silence) }
            _ = connection.wire.wait(alsoToWrite: false, milliseconds: timeout.wholeMilliseconds)
        }
    }

    private var endpoint: Endpoint { connection.settings.endpoint }

    private func late(_ what: String, _ time: Duration) -> ConnectionFailure {
        ConnectionFailure(
            .timedOut, "\(endpoint) \(what) for \(time); is it busy, or its link?", stage: .sent)
    }
}
