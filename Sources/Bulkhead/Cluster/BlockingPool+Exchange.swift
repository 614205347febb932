import BulkheadNetworking
import BulkheadRESP

extension BlockingPool {
    /// Sends so many commands in one write over a connection of its own, and waits for their replies.
    func exchange(
        _ bytes: [UInt8], count: Int, until deadline: Deadline
    ) throws(ConnectionFailure) -> [RESPValue] {
        do {
            return try exchangeOnce(bytes, count: count, until: deadline)
        } catch {
            guard error.stage == .refused else { throw error }
            // It ended between the pool's look and the request.
            return try exchangeOnce(bytes, count: count, until: deadline)
        }
    }

    private func exchangeOnce(
        _ bytes: [UInt8], count: Int, until deadline: Deadline
    ) throws(ConnectionFailure) -> [RESPValue] {
        let connection = try lease(until: deadline)
        defer { release(connection, reusable: true) }
        return try connection.sendAll(bytes, count: count, until: deadline)
    }
}
