import BulkheadBenchmarkSupport

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What came out, by the names of its JSON members. Times and rates are of the median round.
struct Report: Encodable {
    var lib = "bulkhead"
    let kind: String
    let mode: String
    let chunk: Int
    /// Replies and bytes of one round.
    let replies: Int
    let bytes: Int
    let seconds: Double
    /// Millions of bytes a second.
    let mb_s: Double
    let ns_per_reply: Double

    init(kind: Kind, mode: Mode, chunk: Int, replies: Int, bytes: Int, seconds: Double) {
        self.kind = kind.rawValue
        self.mode = mode.rawValue
        self.chunk = chunk
        self.replies = replies
        self.bytes = bytes
        self.seconds = seconds
        mb_s = Double(bytes) / seconds / 1e6
        ns_per_reply = seconds * 1e9 / Double(replies)
    }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    var words: String {
        "\(kind), \(mode): \(Units.decimal(ns_per_reply, places: 1)) ns a reply, "
            + "\(Units.decimal(mb_s, places: 0)) MB a second"
    }
}
