import Bulkhead
import BulkheadTestServer
import Testing

@Suite struct ConfigurationTests {
    @Test(arguments: [
        ("redis://localhost", "localhost:6379"),
        ("redis://localhost/", "localhost:6379"),
        ("redis://localhost/0", "localhost:6379"),
        ("REDIS://cache.example:7000", "cache.example:7000"),
        ("redis://[::1]:7000", "[::1]:7000"),
        ("redis://:secret@127.0.0.1", "127.0.0.1:6379"),
        ("unix:///run/redis.sock", "unix:/run/redis.sock"),
        ("unix://user:secret@/run/redis.sock", "unix:/run/redis.sock"),
    ])
    func `a URL names the server`(url: String, address: String) throws {
        #expect(try RedisConfiguration(url: url).address == address)
    }

    @Test func `a URL of Valkey's is one of Redis's`() throws {
        #expect(try RedisConfiguration(url: "valkey://h:7000").address == "h:7000")
    }

    @Test func `a URL carries login and limits`() throws {
        let configuration = try RedisConfiguration(
            url: "redis://app:p%40ss%2Fw@h:1?client_name=web&protocol=2&connect_timeout=0.5&command_timeout=3"
                + "&lease_timeout=2&max_leases=3&max_waiters=0"
                + "&keep_alive=30&max_idle_time=240&max_age=1800.5")
        #expect(configuration.keepAliveInterval == .seconds(30) && configuration.maximumIdleTime == .seconds(240))
        #expect(configuration.maximumConnectionAge == .milliseconds(1_800_500))
        #expect(configuration.username == "app")
        #expect(configuration.password != nil)
        #expect(configuration.clientName == "web")
        #expect(configuration.version == .resp2)
        #expect(configuration.connectTimeout == .milliseconds(500))
        #expect(configuration.commandTimeout == .seconds(3))
        #expect(configuration.leaseTimeout == .seconds(2))
        #expect(configuration.maximumLeases == 3)
        #expect(configuration.maximumWaiters == 0)
    }

    @Test(arguments: [
        ("http://localhost", "must begin with"),
        ("localhost:6379", "must begin with"),
        ("redis://", "names no host"),
        ("redis://[]", "names no host"),
        ("redis://user:secret@[]:7000", "names no host"),
        ("redis://h/3", "remove it and use databases[.name]"),
        ("redis://h/knowledge", "remove it and use databases[.name]"),
        ("redis://h/1/2", "remove it"),
        ("redis://h:0", "port"),
        ("redis://h:65536", "port"),
        ("redis://h:notaport", "a port that is no number from 1 to 65535"),
        ("redis://app:secret@h:17391x/0", "a port that is no number from 1 to 65535"),
        ("redis://[::1]:x", "a port that is no number from 1 to 65535"),
        ("redis://app:pa/ss@h:x y", "a port that is no number from 1 to 65535"),
        ("redis://user:pa/ss@host", "percent-encode what"),
        ("http://h", "rediss://"),
        ("http://h", "valkey://"),
        ("redis://user@h", "without a password"),
        ("redis://h?db=3", "unknown parameter db"),
        ("redis://h?timeout=3", "unknown parameter timeout"),
        ("redis://h?protocol=4", "protocol"),
        ("redis://h?protocol=2&protocol=3", "twice"),
        ("redis://h?connect_timeout=-1", "connect_timeout"),
        ("redis://h?command_timeout=0", "command_timeout"),
        ("redis://h?connect_timeout=nan", "connect_timeout"),
        ("redis://h?max_leases=0", "max_leases"),
        ("redis://h?max_leases=99999999999999999999", "max_leases"),
        ("redis://h#x", "fragment"),
        ("unix://run/redis.sock", "three slashes"),
        ("unix://", "names no socket"),
        ("unix:run/redis.sock", "as in unix:///run/redis.sock"),
        ("redis+unix:x", "absolute path"),
        ("redis://h?client_name=a%20b", "client name"),
    ])
    func `a URL that cannot be used is refused, saying why`(url: String, words: String) {
        let error = #expect(throws: RedisError.self) { try RedisConfiguration(url: url) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains(words) == true, "\(String(describing: error))")
    }

    @Test(arguments: [
        "redis://u:hunter2@h", "redis://u:hunter2@h/3", "redis://u:hunter2@h?x=1", "redis://u:hun ter2@h",
        "redis://u:hunter2", "redis://:hunter2", "redis://u:12@3:hunter2", "redis://u:hunter2/x@h:y",
        "redis://u:12/hunter2@h", "redis://u:12?hunter2@h", "redis://u:12?hunter2=1@h", "redis://u:12?hunter=1@h",
        "unix://u:hunter2@h/x", "unix:u:hunter2@h/x", "redis://u:12/hunter2?@h", "redis://u:12/hunter2#@h",
    ])
    func `no error and no description shows a password`(url: String) {
        do {
            let configuration = try RedisConfiguration(url: url)
            var dumped = ""
            dump(configuration, to: &dumped)
            let databases = RedisDatabases(configuration)
            dump(databases, to: &dumped)
            dump(try databases[.main], to: &dumped)
            dump(try databases.blocking(.main), to: &dumped)
            for text in ["\(configuration)", String(reflecting: configuration), dumped] {
                #expect(!text.contains("hunter2"))
            }
        } catch {
            #expect(!"\(error)".contains("hun"))
            #expect(!String(reflecting: error).contains("hun"))
        }
    }

    @Test func `a user without a password logs in as that user, never as the default one`() async throws {
        try await withDatabases { databases, server in
            try await databases[.main].send("ACL", "SETUSER", "app", "on", "nopass", "~*", "+@all")
            for version in [RESPVersion.resp2, .resp3] {
                var configuration = testConfiguration(server)
                configuration.username = "app"
                configuration.version = version
                let others = RedisDatabases(configuration)
                let user = try await others[.main].send("ACL", "WHOAMI", as: String.self)
                #expect(user == "app")
                await others.close()
            }
        }
    }

    @Test func `the environment names the server`() throws {
        #expect(try RedisConfiguration(environment: [:]).address == "127.0.0.1:6379")
        #expect(try RedisConfiguration(environment: ["REDIS_URL": "redis://h:1"]).address == "h:1")
        #expect(try RedisConfiguration(environment: ["REDIS_HOST": "h", "REDIS_PORT": "2"]).address == "h:2")
        #expect(try RedisConfiguration(environment: ["REDIS_SOCKET": "/s"]).address == "unix:/s")
        let configuration = try RedisConfiguration(
            environment: ["REDIS_URL": "redis://a:b@h", "REDIS_USERNAME": "u", "REDIS_PASSWORD": "p"])
        #expect(configuration.username == "u")
    }

    @Test(arguments: [
        ["REDIS_URL": "redis://h", "REDIS_HOST": "h"],
        ["REDIS_SOCKET": "/s", "REDIS_PORT": "1"],
        ["REDIS_PORT": "http"],
        ["REDIS_USERNAME": "u"],
        ["REDIS_URL": "redis://h?db=1"],
    ])
    func `an environment that contradicts itself is refused`(environment: [String: String]) {
        let error = #expect(throws: RedisError.self) { try RedisConfiguration(environment: environment) }
        #expect(error?.code == .invalidConfiguration)
    }
}
