import BulkheadCommands
import BulkheadRESP
import Testing

@Suite struct ServerCommandTests {
    @Test func `the server is asked in its own words`() throws {
        #expect(words(.ping()) == ["PING"])
        #expect(words(.echo("hello")) == ["ECHO", "hello"])
        #expect(words(.dbsize()) == ["DBSIZE"])
        #expect(words(.info()) == ["INFO"])
        #expect(words(.info("memory", "clients")) == ["INFO", "memory", "clients"])
        #expect(words(.info(["memory"])) == ["INFO", "memory"])
        #expect(words(.flushdb(.asynchronous)) == ["FLUSHDB", "ASYNC"])
        #expect(words(.flushdb(.synchronous)) == ["FLUSHDB", "SYNC"])
        #expect(try reply(.simple("PONG"), to: .ping()) == "PONG")
    }

    @Test func `INFO is read by field, from text of either protocol`() throws {
        let text = "# Server\r\nredis_version:7.0.15\r\nurl:a:b\r\nempty:\r\n\r\nno colon\r\n"
        let verbatim = try #require(RESPVerbatim(format: "txt", content: text.utf8))
        for value in [RESPValue.bulk(text), .verbatimString(verbatim)] {
            let info = try reply(value, to: .info())
            #expect(info.text == text)
            #expect(info["redis_version"] == "7.0.15")
            #expect(info["url"] == "a:b")
            #expect(info["empty"] == "")
            #expect(info["# Server"] == nil)
            #expect(info["no colon"] == nil)
        }
    }

    @Test func `CLIENT LIST is read where the path of a socket has spaces`() throws {
        let line = "id=3 addr=/home/a b/redis sock:0 laddr=/home/a b/redis sock:0 fd=8 name= db=2 user=default"
        let client = try reply(.bulk(line + "\n"), to: RedisServerCommand<RedisClient>.clientInfo().command)
        #expect(client.address == "/home/a b/redis sock:0" && client.id == 3 && client.database == 2)
        #expect(client["laddr"] == client.address && client["fd"] == "8" && client.name == nil)
        #expect(throws: RedisConversionError.self) {
            try reply(.bulk("word id=3"), to: RedisServerCommand<RedisClient>.clientInfo().command)
        }
    }
}
