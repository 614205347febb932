import Bulkhead
import Tracing

struct TracingObserver: RedisObserver {
    func commandEnded(_ event: RedisCommandEvent) {
        let end = DefaultTracerClock.now.nanosecondsSinceEpoch
        let start = DefaultTracerClock.Timestamp(
            nanosecondsSinceEpoch: end - UInt64(event.duration / .nanoseconds(1)))
        let span = startSpan(event.operation, at: start, ofKind: .client)
        for (name, value) in event.attributes { span.attributes[name] = value }
        if let port = event.serverPort { span.attributes["server.port"] = port }
        if event.commandCount > 1 { span.attributes["db.operation.batch.size"] = event.commandCount }
        if event.code != nil { span.setStatus(SpanStatus(code: .error)) }
        span.end()
    }
}
