@testable import BulkheadNetworking
import BulkheadRESP
import BulkheadTestServer
import Testing

@Suite struct `The budget for spinning on a socket` {
    @Test func `failures make spinning rare, and one success makes it common again`() {
        var budget = SpinBudget(limit: .microseconds(50))
        func skipsUntilNext() -> Int {
            var skips = 0
            while budget.next() == .zero { skips += 1 }
            return skips
        }
        #expect(skipsUntilNext() == 0)
        for expected in [1, 3, 7, 15, 31, 63, 63] {
            budget.failed()
            #expect(skipsUntilNext() == expected)
        }
        budget.succeeded()
        #expect(skipsUntilNext() == 0)
        budget.failed()
        #expect(skipsUntilNext() == 1)
    }

    @Test func `a limit of zero never spins`() {
        var budget = SpinBudget(limit: .zero)
        #expect(budget.next() == .zero)
    }

    @Test(arguments: [Duration.zero, .microseconds(50), .milliseconds(20)])
    func `replies come whatever the limit, early and late ones`(limit: Duration) throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        var settings = ConnectionSettings(endpoint: .unix(path: server.socketPath), database: 0)
        settings.spinTime = limit
        let connection = try BlockingConnection(settings)
        for _ in 0..<200 { #expect(try connection.send(command("PING")) == .simpleString("PONG")) }
        #expect(try connection.send(command("BLPOP none 0.05")) == .null)
        #expect(try connection.send(command("PING")) == .simpleString("PONG"))
    }
}
