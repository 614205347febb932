@testable import BulkheadNetworking
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// What an idle connection holds on to. Each test in a process of its own, because the process is what is measured.
@Suite(.timeLimit(.minutes(10))) struct `Connections that nobody uses` {
    /// 16 names with 4 lanes each, all of them used for replies that make buffers grow.
    private static func openAndUse(_ settings: (_ database: Int) -> ConnectionSettings) async throws -> [Node] {
        let names = (0..<16).map { Node(settings($0), .upTo(4)) }
        let text = String(repeating: "x", count: 200_000)
        for connections in names {
            _ = try await connections.send(command(["SET", "big", text]), on: .shared)
            for lane in Lane.allCases {
                #expect(try await connections.send(command("GET big"), on: lane).bytes?.count == 200_000)
            }
            let leases = [try await connections.leases.lease(), try await connections.leases.lease()]
            for lease in leases {
                _ = try await lease.sendAll(repeated(command("ECHO some-words"), 1_000), count: 1_000).get()
                connections.leases.release(lease, reusable: true)
            }
        }
        return names
    }

    #if canImport(Glibc)
    @Test func `hold on to less than 64 KiB each`() async {
        await #expect(processExitsWith: .success) {
            let server = try RedisTestServer.start()
            defer { server.stop() }
            try await Self.expectSmall(first: .to(server)) { .to(server.socketPath, database: $0) }
        }
    }

    @Test(.enabled(if: ServerUnderTest.speaksTLS))
    func `hold on to less than 64 KiB each over TLS`() async {
        await #expect(processExitsWith: .success) {
            let server = try RedisTestServer.startWithTLS()
            defer { server.stop() }
            try await Self.expectSmall(first: .overTLS(server)) { .overTLS(server, database: $0) }
        }
    }

    @Test(.enabled(if: RedisTestTLSProxy.sends(.ticket), "this OpenSSL sends no ticket by request"))
    func `keep no session but the newest of ten thousand`() async {
        await #expect(processExitsWith: .success) {
            let server = try RedisTestServer.start()
            defer { server.stop() }
            let path = NSTemporaryDirectory() + "tickets-\(UUID().uuidString.prefix(8)).sock"
            let proxy = try RedisTestTLSProxy(
                toSocket: server.socketPath, certificates.server.tls, listeningOn: path,
                .init(.ticket, beforeWrites: 100))
            defer { proxy.stop() }
            var settings = ConnectionSettings.to(path)
            settings.tls = TLSPeer.shared(.trusting.with { $0.serverName = "localhost" }, settings.endpoint)
            let connection = AsyncConnection(settings)
            func receive(_ replies: Int) async {
                for _ in 0..<replies { #expect(await connection.send(command("PING")).value == .simpleString("PONG")) }
            }
            await receive(10)
            let before = try Self.residentBytes()
            await receive(100)
            #expect(proxy.extras >= 11_000)
            // A session of OpenSSL's takes more than 500 bytes.
            #expect(try Self.residentBytes() - before < 2 << 20)
            await connection.close(grace: .seconds(30))
        }
    }

    @Test(.enabled(if: TestTier.hasTime))
    func `wake no thread`() async {
        await #expect(processExitsWith: .success) {
            let server = try RedisTestServer.start()
            defer { server.stop() }
            try await Self.expectQuiet { .to(server.socketPath, database: $0) }
        }
    }

    @Test(.enabled(if: TestTier.hasTime && ServerUnderTest.speaksTLS))
    func `wake no thread over TLS`() async {
        await #expect(processExitsWith: .success) {
            let server = try RedisTestServer.startWithTLS()
            defer { server.stop() }
            try await Self.expectQuiet { .overTLS(server, database: $0) }
        }
    }

    /// Expects 64 idle connections to leave the threads of this process asleep.
    private static func expectQuiet(_ each: (Int) -> ConnectionSettings) async throws {
        let names = try await openAndUse(each)
        // Until the last look, and until idle threads of the pool have gone to sleep.
        try await Task.sleep(for: .seconds(1))
        var quietest = Int.max
        for _ in 0..<5 where quietest >= 16 {
            let before = waits()
            try await Task.sleep(for: .seconds(1))
            quietest = min(quietest, waits() - before)
        }
        // The sleep of this test is a few. 64 connections that looked four times a second would wait 256 times.
        #expect(quietest < 16)
        withExtendedLifetime(names) {}
    }

    /// Expects 64 idle connections to hold less than 64 KiB each.
    private static func expectSmall(
        first settings: ConnectionSettings, _ each: (Int) -> ConnectionSettings
    ) async throws {
        // What the first use costs a process once, such as its threads' first blocks, is no connection's cost.
        let first = Node(settings, .upTo(4))
        _ = try await first.send(command("PING"), on: .shared)
        let before = try residentBytes()
        let names = try await openAndUse(each)
        var bytes = Int.max
        let isSmall = try await eventually {
            bytes = (try residentBytes() - before) / 64
            return bytes < 64 << 10
        }
        #expect(isSmall, "\(bytes) bytes each")
        withExtendedLifetime((first, names)) {}
    }

    /// Memory of this process, without what malloc keeps for later.
    private static func residentBytes() throws -> Int {
        let trim = try #require(dlsym(nil, "malloc_trim"), "this is no glibc")
        _ = unsafeBitCast(trim, to: (@convention(c) (Int) -> Int32).self)(0)
        let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
        return try #require(Int(pages[1])) * Int(getpagesize())
    }

    /// How often the threads of this process went to sleep so far.
    private static func waits() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_nvcsw
    }
    #endif

    @Test func `do not exist before a command needs them`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let names = (0..<1_000).map { Node(.to(server.socketPath, database: $0 % 16), .upTo(4)) }
        let pools = (0..<1_000).map { BlockingPool(.to(server.socketPath, database: $0 % 16), .upTo(4)) }
        let probe = try Probe(server)
        #expect(try probe.say("CLIENT LIST").bytes?.split(separator: 10).count == 1)
        for name in names[..<3] { _ = try await name.send(command("PING"), on: .shared) }
        #expect(try probe.say("CLIENT LIST").bytes?.split(separator: 10).count == 4)
        withExtendedLifetime((names, pools)) {}
    }
}
