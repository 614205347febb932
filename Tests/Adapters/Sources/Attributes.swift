import Bulkhead

extension RedisCommandEvent {
    /// What OpenTelemetry's conventions for Redis call for, as text.
    var attributes: [String: String] {
        var attributes = [
            "db.system.name": "redis", "db.namespace": "\(databaseNumber)", "db.operation.name": operation,
            "server.address": serverAddress, "bulkhead.database.name": database.text,
        ]
        if let serverPort { attributes["server.port"] = "\(serverPort)" }
        if let code {
            attributes["error.type"] = code.name
            if code.isOfServer { attributes["db.response.status_code"] = code.name }
        }
        return attributes
    }
}
