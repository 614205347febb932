/// What a server answers to SYNC before the snapshot, byte by byte: a pure machine.
///
/// ```
/// \n  \n  …              keep-alives while the snapshot is being made or waited for
/// $<length>\r\n          or
/// $EOF:<40 bytes>\r\n    or
/// -<error>\r\n
/// ```
/// Source: `syncCommand` and `replicationSetupReplicaForFullResync` in `src/replication.c` of Redis.
struct SnapshotHead {
    enum Answer: Hashable {
        case snapshot(RedisSnapshotTransfer.Framing)
        /// The server's error, without its dash.
        case refused([UInt8])
        /// A line that is none of the above.
        case unknown
    }

    /// Bytes of a line before it is no answer to SYNC any more.
    static let longestLine = 1_024
    static let markLength = 40

    private var line: [UInt8] = []

    /// Takes the next byte; the answer once it is whole.
    mutating func take(_ byte: UInt8) -> Answer? {
        if byte != UInt8(ascii: "\n") {
            line.append(byte)
            return line.count > Self.longestLine ? .unknown : nil
        }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        return line.isEmpty ? nil : answer
    }

    private var answer: Answer {
        let rest = line.dropFirst()
        switch line.first {
        case UInt8(ascii: "-"): return .refused(Array(rest))
        case UInt8(ascii: "$") where rest.starts(with: "EOF:".utf8):
            let mark = Array(rest.dropFirst(4))
            return mark.count == Self.markLength ? .snapshot(.mark(mark)) : .unknown
        case UInt8(ascii: "$"):
            let isDecimal = rest.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard isDecimal, let length = Int(String(decoding: rest, as: UTF8.self)) else { return .unknown }
            return .snapshot(.length(length))
        default: return .unknown
        }
    }
}
