import BulkheadRESP

/// What a server says of its commands that tells whether databases were swapped since it was asked before.
///
/// SWAPDB sends no invalidation: it is the one way to change a key that tracking does not tell of. But the server
/// counts the command, wherever it came from: a client, a transaction, a script or its primary.
struct SwapMarks: Sendable, Hashable {
    /// Calls of SWAPDB.
    var swaps = 0
    /// Calls of INFO. Each question is one more, so where they did not grow all counts were reset.
    var questions = 0

    init(swaps: Int, questions: Int) {
        self.swaps = swaps
        self.questions = questions
    }

    /// From the reply to `question`; nil if that is something else.
    init?(_ reply: RESPValue) {
        guard let text = reply.withoutAttributes.bytes, reply.errorMessage == nil else { return nil }
        for line in text.split(separator: UInt8(ascii: "\n")) {
            if let calls = Self.calls(of: "cmdstat_swapdb:", in: line) { swaps = calls }
            if let calls = Self.calls(of: "cmdstat_info:", in: line) { questions = calls }
        }
    }

    /// True if databases may have been swapped between the two.
    func showSwap(since earlier: SwapMarks) -> Bool {
        swaps != earlier.swaps || questions <= earlier.questions
    }

    private static func calls(of name: StaticString, in line: RESPBytes.SubSequence) -> Int? {
        let start = name.description + "calls="
        guard line.starts(with: start.utf8) else { return nil }
        let digits = line.dropFirst(start.utf8.count).prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        return Int(String(decoding: digits, as: UTF8.self))
    }
}
