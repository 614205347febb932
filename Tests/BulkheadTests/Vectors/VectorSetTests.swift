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

    @Test(.enabled(if: SearchServer.vectorSetOptions != nil, "\(SearchServer.absence)"))
    func `a vector that does not fit its set is refused with what is wrong and what to do`() async throws {
        let server = try RedisTestServer.start(try #require(SearchServer.vectorSetOptions))
        defer { server.stop() }
        let databases = RedisDatabases(testConfiguration(server))
        let main = try databases[.main]
        // An element and attributes that look like options are none.
        try await main.vadd("pages", "NOQUANT", [1, 2, 3], attributes: "1", quantization: .eightBits)
        var errors: [RedisError] = []
        func refused(_ call: () async throws(RedisError) -> Void) async {
            do throws(RedisError) { try await call() } catch { errors.append(error) }
        }
        await refused { () throws(RedisError) in try await main.vadd("pages", "b", [1, 2]) }
        await refused { () throws(RedisError) in _ = try await main.vsim("pages", near: [1, 2]) }
        #expect(errors.count == 2)
        for error in errors {
            #expect(error.message.contains("got 2 but set has 3. All vectors of a set have"))
        }
        errors = []
        await refused { () throws(RedisError) in
            try await main.vadd("pages", "Q8", [1, 2, 3], attributes: "2", quantization: .binary)
        }
        await refused { () throws(RedisError) in
            try await main.send("VADD", "pages", "VALUES", 3, 1, 2, 3, "Q8", "SETATTR", "Q8", "BIN")
        }
        await refused { () throws(RedisError) in
            _ = try await main.pipeline([.vadd("pages", "b", [1, 2, 3], quantization: .binary)])[0].get()
        }
        await refused { () throws(RedisError) in
            try databases.blocking(.main).vadd("pages", "b", [1, 2, 3], quantization: .binary)
        }
        #expect(errors.count == 4)
        for error in errors {
            #expect(error.message.contains("asked for BIN, and a set keeps"), "\(error)")
            #expect(error.command == "VADD" && error.code == .serverError && error.database == .main)
        }
        #expect(try await main.vcard("pages") == 1)
        try await main.del("pages")
        try await main.vadd("pages", "a", [1, 2, 3], quantization: .binary)
        let error = await #expect(throws: RedisError.self) { try await main.vadd("pages", "b", [1, 2, 3]) }
        #expect(error?.message.contains("asked for Q8, as it named none, and a set keeps") == true)
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
