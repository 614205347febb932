import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Testing

/// A name that lives on a server of its own: one line of the catalogue, and no change in the code that uses the name.
@Suite struct DatabaseServerTests {
    private func catalogue(_ server: RedisTestServer, number: Int = 1) throws -> DatabaseCatalogue {
        try DatabaseCatalogue(
            json: Array(
                """
                {"databases": [
                    {"name": "main", "number": 0, "may_be_flushed": true},
                    {"name": "knowledge", "number": \(number), "url": "\(server.url)", "may_be_flushed": true},
                    {"name": "vectors", "number": \(number), "alias_of": "knowledge", "may_be_flushed": true}
                ]}
                """.utf8))
    }

    @Test func `a name with a url lives on that server, and its aliases with it`() async throws {
        try await withServer { second in
            try await withDatabases(catalogue: try catalogue(second)) { databases, first in
                try await databases[.main].set("key", "on the first")
                try await databases[.knowledge].set("key", "on the second")
                #expect(try await databases[.main].get("key") == "on the first")
                #expect(try await databases["vectors"].get("key") == "on the second")
                #expect(try databases.blocking("vectors").get("key") == "on the second")
                #expect(try databases[.main].address == "unix:\(first.socketPath)")
                #expect(try databases["vectors"].address == "unix:\(second.socketPath)")
                // The second server alone has it.
                let other = RedisDatabases(testConfiguration(second))
                #expect(try await other[.knowledge].get("key") == "on the second")
                await other.close()
            }
        }
    }

    @Test func `two names may have one number on two servers, and a flush of one leaves the other`() async throws {
        try await withServer { second in
            try await withDatabases(catalogue: try catalogue(second, number: 0)) { databases, _ in
                try await databases[.main].set("key", "first")
                try await databases[.knowledge].set("key", "second")
                try await databases[.main].flushdb(.synchronous)
                #expect(try await databases[.main].get("key") == nil)
                #expect(try await databases[.knowledge].get("key") == "second")
            }
        }
    }

    @Test func `a server that is gone takes its own names with it and no other`() async throws {
        try await withServer { second in
            try await withDatabases(catalogue: try catalogue(second)) { databases, _ in
                try await databases[.knowledge].set("key", "value")
                second.kill()
                for _ in 0..<3 {
                    let error = await #expect(throws: RedisError.self) {
                        try await databases[.knowledge].incr("counter")
                    }
                    #expect(error?.database == .knowledge)
                    #expect(try await databases[.main].incr("counter") > 0)
                }
            }
        }
    }

    @Test func `a name that turns out to share a number of one server is refused, and says with whom`() async throws {
        try await withServer { server in
            let configuration = testConfiguration(server)
            let catalogue = try DatabaseCatalogue([
                DatabaseEntry(.main, number: 0),
                DatabaseEntry(.knowledge, number: 0, server: try DatabaseServer(url: server.url)),
            ])
            let databases = RedisDatabases(configuration, catalogue: catalogue)
            let error = #expect(throws: RedisError.self) { try databases[.knowledge] }
            #expect(error?.code == .invalidCatalogue)
            #expect(error?.message.contains("knowledge and main are both number 0 of unix:") == true)
            #expect(throws: RedisError.self) { try databases.blocking(.knowledge) }
            #expect(try await databases[.main].ping() == "PONG")
            await databases.close()
        }
    }

    @Test func `a login of its own is used, and printed by nothing`() async throws {
        try await withServer(arguments: ["--requirepass", "s3cret"]) { second in
            let url = second.url.replacing("unix://", with: "unix://:s3cret@")
            let entry = DatabaseEntry(.knowledge, number: 1, server: try DatabaseServer(url: url))
            let catalogue = try DatabaseCatalogue([DatabaseEntry(.main, number: 0), entry])
            try await withDatabases(catalogue: catalogue) { databases, _ in
                try await databases[.knowledge].set("key", "value")
                #expect(try await databases[.main].get("key") == nil)
                var text = "\(entry) \(String(reflecting: entry)) \(catalogue) \(databases.catalogue)"
                dump(catalogue, to: &text)
                dump(entry.server, to: &text)
                #expect(!text.contains("s3cret"))
                #expect(text.contains(second.socketPath))
            }
            let wrong = second.url.replacing("unix://", with: "unix://:wr0ng@")
            let refused = try DatabaseCatalogue([
                DatabaseEntry(.main, number: 0),
                DatabaseEntry(.knowledge, number: 1, server: try DatabaseServer(url: wrong)),
            ])
            try await withDatabases(catalogue: refused) { databases, _ in
                let error = await #expect(throws: RedisError.self) { try await databases[.knowledge].get("key") }
                #expect(error?.code == .authenticationFailed)
                #expect("\(String(describing: error)) \(error?.message ?? "")".contains("wr0ng") == false)
            }
        }
    }

    @Test(arguments: ["redis://u:s3cret@h?x=1", "redis://:s3cret@h/3", "redis://:s3cret@", "redis://h#s3cret"])
    func `a url that cannot be used is refused without being shown`(url: String) {
        let json = #"{"databases": [{"name": "a", "number": 0, "url": "\#(url)"}]}"#
        let error = #expect(throws: RedisError.self) { try DatabaseCatalogue(json: Array(json.utf8)) }
        #expect(error?.code == .invalidCatalogue)
        #expect(error?.message.hasPrefix("databases[0].url: the Redis URL") == true)
        #expect(error?.message.contains("s3cret") == false)
    }
}
