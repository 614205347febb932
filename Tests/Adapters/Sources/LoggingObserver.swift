import Bulkhead
import Logging

struct LoggingObserver: RedisObserver {
    let logger: Logger

    func commandEnded(_ event: RedisCommandEvent) {
        guard event.code != nil else { return }
        var metadata: Logger.Metadata = event.attributes.mapValues { "\($0)" }
        metadata["bulkhead.stage"] = "\(event.stage.rawValue)"
        metadata["bulkhead.duration"] = "\(event.duration)"
        logger.warning("\(event.operation) failed", metadata: metadata)
    }

    func connectionChanged(_ event: RedisConnectionEvent) {
        let isBad = [.failed, .lost, .circuitOpened].contains(event.change)
        var metadata: Logger.Metadata = ["db.system.name": "redis", "server.address": "\(event.serverAddress)"]
        if let port = event.serverPort { metadata["server.port"] = "\(port)" }
        if let number = event.databaseNumber { metadata["db.namespace"] = "\(number)" }
        if let name = event.database { metadata["bulkhead.database.name"] = "\(name)" }
        if let code = event.code { metadata["error.type"] = "\(code)" }
        logger.log(level: isBad ? .warning : .info, "connection \(event.change.rawValue)", metadata: metadata)
    }
}
