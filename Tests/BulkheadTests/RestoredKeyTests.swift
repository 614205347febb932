import Bulkhead
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A key that is restored` {
    @Test func `for no time at all does not stay for ever`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            try await main.set("key", "value")
            let dump = try #require(try await main.dump("key"))
            try await main.restore("over", dump, expiresAfter: .zero)
            try await main.restore("past", dump, expiresAtUnixMilliseconds: 0)
            #expect(try await main.ttl("over") != .noExpiry)
            #expect(try await main.ttl("past") == .noKey)
            try await main.restore("kept", dump)
            #expect(try await main.ttl("kept") == .noExpiry)
        }
    }
}
