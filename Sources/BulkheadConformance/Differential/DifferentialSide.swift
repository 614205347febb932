/// One of the two servers: what it is, and the connection that sequences go over.
final class DifferentialSide {
    let context: RunContext
    private let wire: Wire
    private var received: [UInt8] = []
    private let address: String

    init(_ target: ConformanceTarget, _ options: ConformanceOptions) throws(ConformanceError) {
        context = try RunContext(target, options)
        address = target.address
        wire = try context.open(version: nil, until: .now + options.timeLimit).0
        wire.keepsEvents = false
    }

    func send(_ bytes: [UInt8], until deadline: ContinuousClock.Instant) throws(ConformanceError) {
        guard wire.send(bytes, until: deadline) else { throw gone() }
    }

    /// So many replies, the first ones left out.
    func replies(
        _ count: Int, after skipped: Int, until deadline: ContinuousClock.Instant
    ) throws(ConformanceError) -> ReplyBatch {
        var ends: [Int] = []
        ends.reserveCapacity(count)
        received.removeAll(keepingCapacity: true)
        var position = 0
        var left = skipped
        var start = 0
        while left > 0 || ends.count < count {
            do throws(WireViolation) {
                while left > 0 || ends.count < count, let end = try ReplyScanner.end(of: position, in: received) {
                    position = end
                    if left > 0 {
                        left -= 1
                        if left == 0 { start = end }
                    } else {
                        ends.append(end - start)
                    }
                }
            } catch {
                throw ConformanceError(description: "\(address) sent what is no RESP: \(error)")
            }
            if left == 0, ends.count == count { break }
            guard wire.fill(until: deadline) else { throw gone() }
            received += wire.takeUnread()
        }
        guard position == received.count else {
            throw ConformanceError(description: "\(address) sent more replies than it got commands")
        }
        return ReplyBatch(bytes: Array(received[start...]), ends: ends)
    }

    private func gone() -> ConformanceError {
        // A server that is gone may refuse what is sent before it is read that it is.
        let isClosed = wire.isClosed || wire.waitForEnd(until: .now + .milliseconds(200))
        return ConformanceError(
            description: isClosed ? "\(address) closed the connection" : "\(address) did not answer in time")
    }
}
