import BulkheadRESP

/// What a server says of its commands that tells whether databases were swapped since it was asked before.
///
/// SWAPDB sends no invalidation: it is the one way to change a key that tracking does not tell of. But the server
/// counts the command, wherever it came from: a client, a transaction, a script or its primary.
struct SwapMarks: Sendable, Hashable {
    /// Calls of SWAPDB.
    var swaps = 0
    /// Calls of all commands. Each question is one, so where they did not grow the counts were reset.
    var calls = 0

    init(swaps: Int, calls: Int) {
        self.swaps = swaps
        self.calls = calls
    }

    /// From the reply to `INFO commandstats`; nil if that is something else.
    init?(_ reply: RESPValue) {
        guard let text = reply.withoutAttributes.bytes, reply.errorMessage == nil else { return nil }
        for line in text.split(separator: UInt8(ascii: "\n")) where line.starts(with: "cmdstat_".utf8) {
            let parts = line.split(separator: UInt8(ascii: ":"), maxSplits: 1)
            guard parts.count == 2, parts[1].starts(with: "calls=".utf8) else { continue }
            let digits = parts[1].dropFirst(6).prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
            guard let count = Int(String(decoding: digits, as: UTF8.self)) else { continue }
            calls &+= count
            if parts[0].elementsEqual("cmdstat_swapdb".utf8) { swaps = count }
        }
    }

    /// True if databases may have been swapped between the two.
    func showSwap(since earlier: SwapMarks) -> Bool {
        swaps != earlier.swaps || calls <= earlier.calls
    }
}
