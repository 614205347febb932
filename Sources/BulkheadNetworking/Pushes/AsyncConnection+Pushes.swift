import BulkheadRESP
import Synchronization

// For the owner of the I/O only.
extension AsyncConnection {
    /// Hands a pushed value to its readers. One who has too many unread ends the connection.
    func pushed(_ value: RESPValue) {
        let router = shared.withLock { $0.router }
        router.forEachReader(of: value) { reader in
            if !reader.append(value) { broken = broken ?? .pushOverflow(settings.endpoint) }
        }
    }
}

extension ConnectionFailure {
    static func pushOverflow(_ endpoint: Endpoint) -> ConnectionFailure {
        ConnectionFailure(.pushOverflow, "messages of \(endpoint) were read too slowly; the connection is closed")
    }
}
