import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP

/// A step of a scan over all servers of a cluster, one after the other: the upper bits of its cursor say which server,
/// by its place in the order of the slots, and the lower ones are that server's own cursor.
struct ClusterScan: Sendable {
    /// Which of the primaries.
    let place: Int
    private let words: [[UInt8]]

    /// Servers need fewer: one bit for each doubling of their keys, and 14 for the slot.
    private static let bitsOfServer: UInt64 = 52

    /// Nil of a cursor that is no number: the server says so.
    init?(_ words: [ArraySlice<UInt8>]) {
        guard words.count > 1, let cursor = UInt64(String(decoding: words[1], as: UTF8.self)) else { return nil }
        place = Int(cursor >> Self.bitsOfServer)
        var words = words.map(Array.init)
        words[1] = Array("\(cursor & (1 << Self.bitsOfServer - 1))".utf8)
        self.words = words
    }

    /// What the server is asked.
    var bytes: [UInt8] { ClusterPlan.encoded(words.map { $0[...] }) }

    /// The server's reply, with the cursor that goes on there, or at the next server; that of the last is the end.
    func reply(_ reply: RESPValue, of servers: Int) throws(ConnectionFailure) -> RESPValue {
        guard let parts = reply.elements, parts.count == 2, let text = parts[0].bytes,
            let cursor = UInt64(String(decoding: text, as: UTF8.self))
        else { return reply }
        guard cursor >> Self.bitsOfServer == 0 else {
            throw ConnectionFailure(
                .unsolicitedReply,
                "a server of the cluster sent a cursor above 2^52, which this client cannot carry on",
                stage: .answered)
        }
        let next = cursor > 0 ? place : place + 1 < servers ? place + 1 : nil
        let combined = next.map { UInt64($0) << Self.bitsOfServer | cursor } ?? 0
        return .array(RESPArray([.bulkString(RESPBytes("\(combined)")), parts[1]]))
    }
}
