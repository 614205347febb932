import BulkheadNetworking
import BulkheadRESP

/// A snapshot of the whole server of a named database, as the server sends it to a replica. Blocks its thread.
///
/// Its bytes are an RDB file of every database; where it ends only a reader of that format can tell.
package final class RedisSnapshotTransfer {
    /// How the end of the bytes is told.
    package enum Framing: Sendable, Hashable {
        /// So many bytes come, and then the end.
        case length(Int)
        /// These 40 bytes come behind the snapshot, and then the end.
        case mark([UInt8])
    }

    private let transfer: SnapshotTransfer
    private let name: DatabaseName
    package let framing: Framing

    /// How long a server may be silent, keep-alives included.
    package static let silenceLimit = SnapshotTransfer.silenceLimit

    fileprivate init(_ transfer: SnapshotTransfer, _ framing: Framing, of name: DatabaseName) {
        self.transfer = transfer
        self.framing = framing
        self.name = name
    }

    /// Waits for the next bytes and returns how many came; 0 at the end, which a server that dies looks like too.
    ///
    /// Throws `connection-closed` and, where nothing comes for too long, `timed-out`; `cancelled` if `isWanted`, which
    /// is asked a few times a second while nothing comes, says so.
    package func read(
        into space: UnsafeMutableRawBufferPointer, isWanted: () -> Bool = { true }
    ) throws(RedisError) -> Int {
        do {
            return try transfer.read(into: space, isWanted: isWanted)
        } catch {
            throw RedisError(error).at(name, "SYNC")
        }
    }
}

extension RedisDatabases {
    /// Asks the server of that name for a snapshot of all its databases, on a connection of its own, and waits for at
    /// most `wait` until it begins.
    ///
    /// `version` is the server's own where that is Valkey: without it Valkey 9 writes an older format, and fails where
    /// a value does not fit that. `isWanted` is asked a few times a second. Throws what the server answers (`NOPERM`,
    /// `NOMASTERLINK`, `ERR` for a command it does not know; its stage is `answered`), and what can happen to any
    /// connection. Nothing is left open.
    ///
    /// Cost: the server forks, and writes all it holds to this connection.
    package func snapshotTransfer(
        of name: DatabaseName, announcing version: String? = nil, wait: Duration,
        silence: Duration = RedisSnapshotTransfer.silenceLimit, isWanted: () -> Bool = { true }
    ) throws(RedisError) -> RedisSnapshotTransfer {
        let entry = try catalogue[name]
        let settings = configuration.forDatabase(catalogue.owner(of: entry)).connectionSettings(forNumber: entry.number)
        let transfer: SnapshotTransfer
        let answer: SnapshotTransfer.Answer
        do {
            transfer = try SnapshotTransfer(settings, silence: silence)
            answer = try transfer.begin(announcing: version, wait: wait, isWanted: isWanted)
        } catch {
            throw RedisError(error).at(name, "SYNC")
        }
        switch answer {
        case .begun(.length(let length)): return RedisSnapshotTransfer(transfer, .length(length), of: name)
        case .begun(.mark(let mark)): return RedisSnapshotTransfer(transfer, .mark(mark), of: name)
        case .refused(let message): throw RedisError(server: message).at(name, "SYNC")
        }
    }
}
