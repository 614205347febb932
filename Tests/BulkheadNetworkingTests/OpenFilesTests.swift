@testable import BulkheadNetworking
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Sets how many descriptors this process may have; returns the limit before.
private func limitDescriptors(to count: rlim_t) -> rlim_t {
    #if canImport(Glibc)
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
    let resource = RLIMIT_NOFILE
    #endif
    var limit = rlimit()
    getrlimit(resource, &limit)
    let before = limit.rlim_cur
    limit.rlim_cur = count
    setrlimit(resource, &limit)
    return before
}

/// In a process of its own, as a limit holds for all of it.
@Suite(.timeLimit(.minutes(10))) struct `A process that may open no more files` {
    @Test func `says so by both ways, and its circuit says nothing about the server`() async {
        await #expect(processExitsWith: .success) {
            let server = try RedisTestServer.start(.init(listening: .tcp))
            defer { server.stop() }
            // By a name: a resolver that may open no file knows no host.
            let settings = ConnectionSettings(
                endpoint: .tcp(host: "localhost", port: try #require(server.port)), database: 0,
                connectTimeout: .seconds(60))
            let circuit = Circuit(Backoff(first: .seconds(3_600), cap: .seconds(3_600))).forLogin().forDatabase()
            let database = Node(settings, .upTo(1), circuit)
            let pool = BlockingPool(settings, .upTo(1), circuit)
            // What the runtime needs for itself it has open from here on.
            #expect(try await database.send(command("PING"), on: .shared) == .simpleString("PONG"))
            let lowestFree = dup(0)
            close(lowestFree)
            let usual = limitDescriptors(to: rlim_t(lowestFree))
            var failures: [ConnectionFailure?] = []
            for _ in 0..<3 {
                failures.append(await failure { _ = try await database.send(command("PING"), on: .bulk) })
                failures.append(await onThread { failure { _ = try pool.lease() } })
            }
            _ = limitDescriptors(to: usual)
            for failure in failures {
                #expect(failure?.reason == .outOfDescriptors)
                #expect(failure?.message.contains("this process") == true)
            }
            #expect(try await database.send(command("PING"), on: .bulk) == .simpleString("PONG"))
            pool.release(try pool.lease(), reusable: true)
            database.abort()
        }
    }
}
