import BulkheadBenchmarkSupport

extension BareSocket {
    /// Sends the command of the work, one turn after the other, and drops its replies.
    func run(_ work: Work, turns: Int) throws -> [Int64] {
        let words = work.words
        let reply = try reply(to: words)
        var recorder = Recorder(turns: turns)
        for _ in 0..<turns {
            try ask(words, replySize: reply.size, beginningWith: reply.mark)
            recorder.endTurn()
        }
        return recorder.samples
    }

    /// The loop that a client of one connection could be at best: one thread keeps as many requests outstanding as
    /// there are clients. It reads what has come, counts the replies, and sends as many requests in one write.
    func runLoop(_ load: Load) throws -> [Int64] {
        let reply = try reply(to: load.work.words)
        var samples: [Int64] = []
        samples.reserveCapacity(load.commands)
        // When the requests were sent that wait for their replies, and how many at once.
        var sent: [(count: Int, time: Int64)] = []
        var first = 0
        var (left, received) = (load.commands, 0)
        func send(_ count: Int) throws {
            let count = min(count, left)
            if count == 0 { return }
            left -= count
            try repeatCommand(count)
            sent.append((count, MonotonicClock.now()))
        }
        prepare(load.work.words, times: load.clients)
        try send(load.clients)
        while samples.count < load.commands {
            received += try receiveSome()
            let complete = received / reply.size
            received -= complete * reply.size
            let now = MonotonicClock.now()
            for _ in 0..<complete {
                samples.append(now - sent[first].time)
                sent[first].count -= 1
                if sent[first].count == 0 { first += 1 }
            }
            try send(complete)
        }
        return samples
    }
}
