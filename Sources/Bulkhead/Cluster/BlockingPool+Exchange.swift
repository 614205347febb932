import BulkheadNetworking
import BulkheadRESP

extension BlockingPool {
    /// Sends so many commands in one write over a connection of its own, and waits for their replies.
    func exchange(
        _ bytes: [UInt8], count: Int, until deadline: Deadline
    ) throws(ConnectionFailure) -> [RESPValue] {
        do {
            return try exchange(bytes, count: count, on: lease(until: deadline, isForOneRequest: true), until: deadline)
        } catch {
            guard error.stage == .refused else { throw error }
            // It ended between the pool's look and the request.
            return try exchange(bytes, count: count, on: lease(until: deadline), until: deadline)
        }
    }

    private func exchange(
        _ bytes: [UInt8], count: Int, on connection: BlockingConnection, until deadline: Deadline
    ) throws(ConnectionFailure) -> [RESPValue] {
        defer { release(connection, reusable: true) }
        return try connection.sendAll(bytes, count: count, until: deadline)
    }
}
