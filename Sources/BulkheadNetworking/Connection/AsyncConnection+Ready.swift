import BulkheadRESP
import Synchronization

extension AsyncConnection {
    /// Waits until a request is written as soon as it is made; nil then, else why that failed.
    ///
    /// For commands that wait on the server, whose time begins when they leave. Costs a connection that is still being
    /// made one round trip, and any other nothing.
    package func failureBeforeReady(until deadline: Deadline) async -> ConnectionFailure? {
        guard isHandshaking else { return nil }
        var encoder = RESPEncoder()
        encoder.command("PING", argumentCount: 1)
        guard case .failure(let failure) = await send(encoder.bytes, until: deadline) else { return nil }
        return failure.stage.isSafeToRetry ? failure : failure.at(.queued)
    }
}
