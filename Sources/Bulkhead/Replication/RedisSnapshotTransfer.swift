import BulkheadNetworking
import BulkheadRESP

/// A snapshot of the whole server of a named database, as the server sends it to a replica, on a connection that ends
/// with it. Blocks its thread.
///
/// ```
/// handshake, as for any connection
/// REPLCONF capa eof            the snapshot may come without a length
/// REPLCONF version 9.1.2       Valkey: in the format of that version, else in an older one that lacks types
/// REPLCONF rdb-only 1          and nothing behind it
/// SYNC
/// ```
/// The server forks and writes all its databases. The bytes are an RDB file; where it ends only a reader of that format
/// can tell.
package final class RedisSnapshotTransfer {
    /// How the end of the bytes is marked.
    package enum Framing: Sendable, Hashable {
        /// So many bytes come, and then the end: the server has written a file first.
        case length(Int)
        /// These 40 bytes come behind the snapshot, and then the end: the server writes straight into the socket. They
        /// may also stand in the data, so they mean the end only where the snapshot itself has ended.
        case mark([UInt8])
    }

    private let connection: BlockingConnection
    private let name: DatabaseName
    private let silence: Duration
    package let framing: Framing
    /// Bytes that came with the head; they belong to the snapshot.
    private var early: ArraySlice<UInt8>
    /// Bytes of the snapshot still to come, if the server gave a length.
    private var left: Int?

    /// How long a server may send nothing, not even a keep-alive, before it is given up: the servers' own
    /// `repl-timeout`. They send a keep-alive each second to 10 s.
    package static let silenceLimit = Duration.seconds(60)

    /// Connects, shakes hands, asks for the snapshot and waits for its beginning; a failure leaves nothing open.
    fileprivate init(
        of name: DatabaseName, _ settings: ConnectionSettings, announcing version: String?, wait: Duration,
        silence: Duration, isWanted: () -> Bool, isOver: @escaping @Sendable () -> Bool
    ) throws(RedisError) {
        let beginning: Beginning
        do throws(ConnectionFailure) {
            let deadline = Moment.now + settings.connectTimeout
            let connection = try settings.connecting(until: deadline) { found throws(ConnectionFailure) in
                try BlockingConnection(found.given(upWhen: isOver))
            }
            self.connection = connection
            let interval = Self.askInterval
            let alarm = Alarm(left: { isOver() ? nil : interval }, ring: { connection.interrupt() })
            alarm.set(after: interval)
            defer { alarm.stop() }
            beginning = try Self.begin(on: connection, announcing: version, wait, silence, isWanted)
        } catch {
            throw RedisError(error).at(name, "SYNC")
        }
        switch beginning {
        case .refused(let message): throw RedisError(server: message).at(name, "SYNC")
        case .begun(let framing, let early): (self.framing, self.early) = (framing, early)
        }
        self.name = name
        self.silence = silence
        if case .length(let length) = framing { left = length }
    }

    /// How often it is asked whether it is over, while nothing comes.
    private static let askInterval = Duration.milliseconds(100)

    private enum Beginning {
        /// The bytes that came behind the head belong to the snapshot.
        case begun(Framing, early: ArraySlice<UInt8>)
        /// The server's error: no permission, no such command, a replica without its primary.
        case refused(RESPBytes)
    }

    private static func begin(
        on connection: BlockingConnection, announcing version: String?, _ wait: Duration, _ silence: Duration,
        _ isWanted: () -> Bool
    ) throws(ConnectionFailure) -> Beginning {
        let deadline = Deadline(after: Timeout(silence))
        let questions = [["capa", "eof"]] + (version.map { [["version", $0]] } ?? []) + [["rdb-only", "1"]]
        for question in questions {
            let reply = try connection.send(encoded(["REPLCONF"] + question), until: deadline)
            // A server that does not know versions sends what it has.
            if question[0] != "version", let message = reply.errorMessage { return .refused(message) }
        }
        // A request that no reply of RESP follows: from here on the bytes are read as they come.
        try connection.writeBytes(encoded(["SYNC"]), silence: silence)
        return try readHead(of: connection, wait, silence, isWanted)
    }

    private static func encoded(_ words: [String]) -> [UInt8] {
        var encoder = RESPEncoder(capacity: 64)
        encoder.command(argumentCount: words.count)
        for word in words { encoder.argument(word) }
        return encoder.bytes
    }

    private static func readHead(
        of connection: BlockingConnection, _ wait: Duration, _ silence: Duration, _ isWanted: () -> Bool
    ) throws(ConnectionFailure) -> Beginning {
        let deadline = Deadline(after: Timeout(wait))
        var head = SnapshotHead()
        var block = [UInt8](repeating: 0, count: 512)
        while true {
            var span = block.mutableSpan
            let count = try span.withUnsafeMutableBytes { space throws(ConnectionFailure) in
                try connection.readBytes(into: space, silence: silence) { isWanted() && !deadline.isOver }
            }
            guard count > 0 else {
                guard isWanted() else { throw ConnectionFailure.cancelled(.sent) }
                throw connection.silent("did not begin its snapshot", wait)
            }
            for (index, byte) in block[..<count].enumerated() {
                switch head.take(byte) {
                case nil: continue
                case .refused(let message): return .refused(RESPBytes(message))
                case .unknown:
                    throw connection.unexpected("answered SYNC by what is neither a snapshot nor an error")
                case .snapshot(let framing): return .begun(framing, early: block[(index + 1)..<count])
                }
            }
        }
    }

    /// Waits for the next bytes and returns how many came; 0 at the end, which a server that dies looks like too.
    ///
    /// If the server gave a length, the end is behind so many bytes, else where it closes the connection. Throws
    /// `connection-closed` if the connection breaks before, `timed-out` where nothing comes for too long, and
    /// `cancelled` if `isWanted`, which is asked a few times a second while nothing comes, says so.
    package func read(
        into space: UnsafeMutableRawBufferPointer, isWanted: () -> Bool = { true }
    ) throws(RedisError) -> Int {
        if left == 0 { return 0 }
        let space = UnsafeMutableRawBufferPointer(rebasing: space.prefix(left ?? space.count))
        var count = min(early.count, space.count)
        if count > 0 {
            space.copyBytes(from: early.prefix(count))
            early = early.dropFirst(count)
        } else {
            do throws(ConnectionFailure) {
                count = try connection.readBytes(into: space, silence: silence, while: isWanted)
                if count == 0 { throw ConnectionFailure.cancelled(.sent) }
            } catch {
                if error.reason == .closedByServer, left == nil { return 0 }
                throw RedisError(error).at(name, "SYNC")
            }
        }
        left = left.map { $0 - count }
        return count
    }
}

extension RedisDatabases {
    /// Asks the server of that name for a snapshot of all its databases, on a connection of its own, and waits for at
    /// most `wait` until it begins.
    ///
    /// The server waits itself: 5 s for others who may want the same (`repl-diskless-sync-delay`), and for the end of
    /// another snapshot or rewrite. `version` is the server's own where that is Valkey: without it Valkey 9 writes an
    /// older format, and fails where a value does not fit that. `isWanted` is asked a few times a second, and so is
    /// `isOver`, by other threads, from the handshake on: once it is, the connection is given up. Throws what
    /// the server answers (`NOPERM`, `NOMASTERLINK`, `ERR` for a command it does not know; its stage is `answered`),
    /// and what can happen to any connection. Nothing is left open.
    ///
    /// Cost: the server forks, and writes all it holds to this connection.
    package func snapshotTransfer(
        of name: DatabaseName, announcing version: String? = nil, wait: Duration,
        silence: Duration = RedisSnapshotTransfer.silenceLimit, isWanted: () -> Bool = { true },
        isOver: @escaping @Sendable () -> Bool = { false }
    ) throws(RedisError) -> RedisSnapshotTransfer {
        try RedisSnapshotTransfer(
            of: name, connectionSettings(of: name), announcing: version, wait: wait, silence: silence,
            isWanted: isWanted, isOver: isOver)
    }
}
