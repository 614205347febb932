import Bulkhead
import ServiceLifecycle

extension RedisDatabases: @retroactive Service {
    public func run() async throws {
        try await gracefulShutdown()
        await close()
    }
}
