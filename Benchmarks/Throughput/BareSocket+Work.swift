import BulkheadBenchmarkSupport

extension BareSocket {
    /// Sends get or mget, one turn after the other.
    func run(_ work: Work, turns: Int) throws -> [Int64] {
        let isList = work.operation == .mget
        let words = isList ? ["MGET"] + work.keys : ["GET", Work.key]
        // $100, the value, and a line's end after each.
        let bulk = 1 + String(work.valueSize).utf8.count + 2 + work.valueSize + 2
        let size = isList ? 1 + String(work.keys.count).utf8.count + 2 + work.keys.count * bulk : bulk
        var recorder = Recorder(turns: turns)
        for _ in 0..<turns {
            try ask(words, replySize: size, beginningWith: UInt8(ascii: isList ? "*" : "$"))
            recorder.endTurn()
        }
        return recorder.samples
    }
}
