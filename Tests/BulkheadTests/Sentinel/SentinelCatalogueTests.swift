import Bulkhead
import Testing

/// How a group is written, in a catalogue and in code.
@Suite struct SentinelCatalogueTests {
    private func catalogue(_ members: String) throws -> DatabaseCatalogue {
        try DatabaseCatalogue(
            json: Array(#"{"databases": [{"name": "main", "number": 0, \#(members)}]}"#.utf8))
    }

    @Test func `a group is its sentinels and its name`() throws {
        let main = try catalogue(#""sentinels": ["a:26379", "b", "[::1]:7"], "primary": "mymaster""#)[.main]
        let server = try #require(main.server)
        #expect(server.address == "mymaster of sentinels a:26379, b:26379, [::1]:7")
        #expect(server == (try DatabaseServer(sentinels: ["a:26379", "b", "[::1]:7"], primary: "mymaster")))
    }

    @Test func `sentinels and servers have logins of their own, which nothing shows`() throws {
        let server = try DatabaseServer(
            sentinels: ["redis://watch:first-secret@a", "rediss://:second-secret@b:5"],
            primary: "rediss://app:third-secret@my_master-1.prod?tls_verify=none")
        for text in ["\(server)", String(reflecting: server), server.address] {
            #expect(!text.contains("secret"))
            #expect(text == "my_master-1.prod of sentinels a:26379, b:5")
        }
        var dumped = ""
        dump(server, to: &dumped)
        #expect(!dumped.contains("secret"))
    }

    @Test(arguments: [
        (#""sentinels": ["a"]"#, "databases[0].sentinels: sentinels and primary stand together"),
        (#""primary": "mymaster""#, "databases[0].primary: sentinels and primary stand together"),
        (#""sentinels": [], "primary": "mymaster""#, "databases[0].sentinels: a group has no sentinels"),
        (#""sentinels": ["a", "a:26379"], "primary": "m""#, "the sentinel a:26379 is listed twice"),
        (#""sentinels": ["a"], "primary": "my:6379""#, "the primary is the name under which sentinels watch it"),
        (#""sentinels": ["a"], "primary": "unix:///m""#, "the primary is the name under which sentinels watch it"),
        (#""sentinels": ["redis://a?protocol=2"], "primary": "m""#, "has parameters"),
        (#""sentinels": ["a"], "primary": "m", "url": "redis://h""#, "databases[0].url: a name has one place"),
        (#""sentinels": "a", "primary": "m""#, "databases[0].sentinels: expected Array"),
    ])
    func `what cannot be meant is refused with its place`(_ members: String, _ words: String) {
        let error = #expect(throws: RedisError.self) { try catalogue(members) }
        #expect(error?.code == .invalidCatalogue)
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test func `two names of a group have two numbers, as on one server`() throws {
        let place = try DatabaseServer(sentinels: ["a"], primary: "m")
        #expect(throws: RedisError.self) {
            try DatabaseCatalogue([
                DatabaseEntry(.main, number: 1, server: place), DatabaseEntry(.knowledge, number: 1, server: place),
            ])
        }
    }
}
