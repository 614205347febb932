import Bulkhead
import BulkheadTestServer
import Testing

/// Texts from files, shells and people: what is surely no part of a setting is cut off, all else is refused in words
/// of its own.
@Suite struct ConfigurationTextTests {
    @Test(arguments: [
        ("[::1]", "[::1]:6379"), ("::1", "[::1]:6379"), (" cache \n", "cache:6379"), ("cache\r\n", "cache:6379"),
        ("[fe80::1%eth0]", "[fe80::1%eth0]:6379"),
    ])
    func `a host is read without what surrounds it`(text: String, address: String) throws {
        #expect(try RedisConfiguration(environment: ["REDIS_HOST": text]).address == address)
        #expect(RedisConfiguration(host: text).address == address)
    }

    @Test(arguments: [
        (["REDIS_HOST": "cache\0.evil"], "control character"), (["REDIS_HOST": "a b"], "white space"),
        (["REDIS_HOST": "a\nb"], "control character"), (["REDIS_HOST": "redis://cache:6379"], "REDIS_URL"),
        (["REDIS_HOST": "user@cache"], "REDIS_URL"), (["REDIS_HOST": "cache:6379"], "port"),
        (["REDIS_HOST": "[cache"], "brackets"), (["REDIS_HOST": "[]"], "names no host"),
        (["REDIS_PORT": "63 79"], "REDIS_PORT"), (["REDIS_PORT": "6379\0"], "REDIS_PORT"),
        (["REDIS_SOCKET": "/run/a\0b"], "REDIS_SOCKET has a control character"),
        (["REDIS_SOCKET": "/run/a\nb"], "REDIS_SOCKET has a control character"),
        (["REDIS_URL": "redis://h\nost"], "line break"), (["REDIS_URL": "redis://h%00ost"], "control character"),
        (["REDIS_URL": "redis://h%0aost"], "control character"), (["REDIS_URL": "redis://:a\nb@host"], "line break"),
        (["REDIS_URL": "unix:///run/a%00b"], "control character within the path"),
        (["REDIS_USERNAME": "a b", "REDIS_PASSWORD": "p"], "REDIS_USERNAME"),
        (["REDIS_USERNAME": "a\0b", "REDIS_PASSWORD": "p"], "REDIS_USERNAME"),
    ])
    func `what could mean something else is refused, and said`(environment: [String: String], words: String) {
        let error = #expect(throws: RedisError.self) { try RedisConfiguration(environment: environment) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test(arguments: ["\n", "\r\n", " \n", "\t", "\n\n"])
    func `a URL is read without the white space around it`(end: String) throws {
        let configuration = try RedisConfiguration(url: end + "redis://u:secret@cache:7000?client_name=web" + end)
        #expect(configuration.address == "cache:7000" && configuration.clientName == "web")
        #expect(try RedisConfiguration(environment: ["REDIS_URL": "unix:///run/s" + end]).address == "unix:/run/s")
        #expect(try DatabaseServer(url: "redis://cache:7000" + end).address == "cache:7000")
        let json = #"{"databases": [{"name": "main", "number": 0, "url": "redis://cache:7000\n"}]}"#
        #expect(try DatabaseCatalogue(json: Array(json.utf8))[.main].server?.address == "cache:7000")
    }

    @Test func `every variable is read without its line end`() throws {
        let read = try RedisConfiguration(
            environment: [
                "REDIS_HOST": "cache\n", "REDIS_PORT": "7000\n", "REDIS_USERNAME": "app\n", "REDIS_PASSWORD": "p\n",
            ])
        #expect(read.address == "cache:7000" && read.username == "app" && read.password != nil)
        #expect(try RedisConfiguration(environment: ["REDIS_SOCKET": "/run/s\n"]).address == "unix:/run/s")
        #expect(try RedisConfiguration(environment: ["REDIS_HOST": "\n", "REDIS_PASSWORD": "\n"]).password == nil)
        #expect(throws: RedisError.self) { try DatabaseCatalogue(environment: ["REDIS_CATALOGUE": "/none/x\0.json"]) }
        #expect(try DatabaseCatalogue(environment: ["REDIS_CATALOGUE": "\n"]) == .standard)
    }

    @Test func `a password from a file logs in, and keeps its spaces`() async throws {
        try await withDatabases { databases, server in
            try await databases[.main].send("ACL", "SETUSER", "app", "on", "> pass word ", "~*", "+@all")
            let read = try RedisConfiguration(
                environment: [
                    "REDIS_SOCKET": server.socketPath + "\n", "REDIS_USERNAME": "app\n",
                    "REDIS_PASSWORD": " pass word \r\n",
                ])
            let others = RedisDatabases(read)
            let user = try await others[.main].send("ACL", "WHOAMI", as: String.self)
            #expect(user == "app")
            await others.close()
        }
    }

    @Test(arguments: ["1e-30", "0.0000001", "0", "-1", "1e400", "inf", "nan", "0x10", "86401", "1 ", "", "\u{0661}"])
    func `a time that is none, rounds to none or never ends is refused`(text: String) throws {
        for name in ["connect_timeout", "command_timeout", "lease_timeout"] {
            let encoded = text.replacing(" ", with: "%20")
            let error = #expect(throws: RedisError.self) { try RedisConfiguration(url: "redis://h?\(name)=\(encoded)") }
            #expect(error?.message.contains("\(name) that is no number of seconds from 0.001 to 86400") == true)
        }
        #expect(try RedisConfiguration(url: "redis://h?command_timeout=1e-3").commandTimeout == .milliseconds(1))
    }

    @Test(arguments: ["cache\0.evil", "a b", ""])
    func `a host from code that cannot be one fails the first command`(host: String) async throws {
        let databases = RedisDatabases(RedisConfiguration(host: host))
        let error = await #expect(throws: RedisError.self) { try await databases[.main].ping() }
        #expect(error?.code == .nameNotResolved)
        #expect(error?.message.contains("cannot resolve the host") == true)
        await databases.close()
    }
}
