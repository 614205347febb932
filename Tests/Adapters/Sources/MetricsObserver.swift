import Bulkhead
import Metrics

struct MetricsObserver: RedisObserver {
    /// The same for every command, empty where there is nothing to say: some backends take a metric with one set of
    /// labels only.
    private static let names = [
        "db.system.name", "db.namespace", "db.operation.name", "db.response.status_code", "error.type",
        "server.address", "server.port", "bulkhead.database.name",
    ]

    func commandEnded(_ event: RedisCommandEvent) {
        let attributes = event.attributes
        let dimensions = Self.names.map { ($0, attributes[$0] ?? "") }
        Recorder(label: "db.client.operation.duration", dimensions: dimensions).record(event.duration / .seconds(1))
    }

    func connectionChanged(_ event: RedisConnectionEvent) {
        let place = [
            ("db.client.connection.pool.name", event.database?.text ?? "all"), ("server.address", event.serverAddress),
            ("server.port", event.serverPort.map { "\($0)" } ?? ""),
        ]
        let change = [("bulkhead.change", event.change.rawValue), ("error.type", event.code?.name ?? "")]
        Counter(label: "bulkhead.connection.changes", dimensions: place + change).increment()
        if let time = event.duration {
            Recorder(label: "db.client.connection.create_time", dimensions: place).record(time / .seconds(1))
        }
    }
}
