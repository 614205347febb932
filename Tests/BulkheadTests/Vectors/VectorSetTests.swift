import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Testing

@Suite struct VectorSetTests {
    @Test(
        .enabled(if: SearchServer.vectorSetOptions != nil, "\(SearchServer.absence)"),
        arguments: [RESPVersion.resp2, .resp3])
    func `a vector goes into a set of any database and comes back number by number, in both protocols`(
        version: RESPVersion
    ) async throws {
        let server = try RedisTestServer.start(try #require(SearchServer.vectorSetOptions))
        defer { server.stop() }
        var configuration = testConfiguration(server)
        configuration.version = version
        let databases = RedisDatabases(configuration)
        let vector: [Float] = [0.1, -3.25, 1e-7, 12_345.678]
        for name in [DatabaseName.main, .knowledge] {
            let database = try databases[name]
            #expect(try await database.vadd("pages", "a", vector, quantization: .unquantized))
            #expect(try await database.vadd("pages", "b", [1, 2, 3, 4], quantization: .unquantized))
            // The server keeps directions and lengths apart, so that the last bits may differ.
            let kept = try #require(try await database.vemb("pages", "a"))
            #expect(kept.count == 4 && zip(kept, vector).allSatisfy { abs($0 - $1) <= abs($1) * 1e-5 + 1e-6 })
            let found = try await database.vsim("pages", near: vector, count: 1)
            #expect(found.map(\.member) == ["a"] && (found.first?.score ?? 0) > 0.999_999)
            #expect(try databases.blocking(name).vemb("pages", "none") == nil)
        }
        #expect(try await databases[.analytics].vcard("pages") == 0)
        await databases.close()
    }

    @Test func `a server without vector sets says that it does not know them, and nothing is written`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            guard
                try await main.send("COMMAND", "INFO", "VADD", as: [RESPValue].self).allSatisfy({
                    $0 == .null || $0.elements?.isEmpty == true
                })
            else { return }
            let error = await #expect(throws: RedisError.self) { try await main.vadd("pages", "a", [1, 2]) }
            #expect(error?.code == .serverError && error?.command == "VADD" && error?.database == .main)
            #expect(error?.message.contains("unknown command") == true)
            #expect(try await main.dbsize() == 0)
        }
    }
}
