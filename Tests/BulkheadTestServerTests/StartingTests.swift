import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@Suite(.timeLimit(.minutes(10)))
struct `Starting a server` {
    @Test func `it answers on its unix socket and listens on no port`() throws {
        try RedisTestServer.withServer { server throws in
            #expect(try say("PING", to: server) == "+PONG\r\n")
            #expect(server.port == nil)
            #expect(server.url == "unix://\(server.socketPath)")
            #expect(try say("CONFIG GET port", to: server).contains("\r\n0\r\n"))
        }
    }

    @Test func `over TCP it answers on a free port of 127.0.0.1, and on the unix socket too`() throws {
        try RedisTestServer.withServer(.init(listening: .tcp)) { server throws in
            let port = try #require(server.port)
            #expect(server.url == "redis://127.0.0.1:\(port)")
            #expect(try say("SET key over-tcp", to: server, overTCP: true) == "+OK\r\n")
            #expect(try say("GET key", to: server) == "$8\r\nover-tcp\r\n")
            #expect(try say("CONFIG GET bind", to: server).contains("\r\n127.0.0.1\r\n"))
        }
    }

    @Test(arguments: [[], ["--loglevel", "warning"], ["--logfile", "elsewhere"]])
    func `it says which server it is, wherever its log goes`(_ arguments: [String]) throws {
        try RedisTestServer.withServer(.init(arguments: arguments)) { server throws in
            let info = try say("INFO server", to: server)
            switch server.flavour {
            case .redis: #expect(info.contains("redis_version:\(server.version)\r\n"))
            case .valkey: #expect(info.contains("valkey_version:\(server.version)\r\n"))
            }
            #expect(server.version.split(separator: ".").count == 3)
            #expect(info.contains("process_id:\(server.processIdentifier ?? 0)\r\n"))
        }
    }

    @Test func `it keeps nothing on disk unless told to, and only its owner may enter the folder`() throws {
        try RedisTestServer.withServer { server throws in
            #expect(try say("CONFIG GET save", to: server).hasSuffix("$0\r\n\r\n"))
            #expect(try say("CONFIG GET appendonly", to: server).hasSuffix("$2\r\nno\r\n"))
            #expect(try say("CONFIG GET dir", to: server).contains(server.folder))
            let mode = try FileManager.default.attributesOfItem(atPath: server.folder)[.posixPermissions] as? Int
            #expect(mode == 0o700)
        }
    }

    @Test func `arguments override the defaults`() throws {
        let arguments = ["--maxmemory", "100mb", "--appendonly", "yes", "--save", "60", "1"]
        try RedisTestServer.withServer(.init(arguments: arguments)) { server throws in
            #expect(try say("CONFIG GET maxmemory", to: server).contains("104857600"))
            #expect(try say("CONFIG GET appendonly", to: server).hasSuffix("$3\r\nyes\r\n"))
            #expect(try say("CONFIG GET save", to: server).hasSuffix("$4\r\n60 1\r\n"))
        }
    }

    @Test func `a configuration file comes first, and cannot move the server`() async throws {
        try await withFolder { folder in
            let file = folder + "/redis.conf"
            try "maxclients 77\nport 1\ndir /\n".write(toFile: file, atomically: true, encoding: .utf8)
            let options = RedisTestServer.Options(arguments: [file, "--maxmemory", "50mb"])
            try RedisTestServer.withServer(options) { server throws in
                #expect(try say("CONFIG GET maxclients", to: server).hasSuffix("\r\n77\r\n"))
                #expect(try say("CONFIG GET maxmemory", to: server).contains("52428800"))
                #expect(try say("CONFIG GET dir", to: server).contains(server.folder))
            }
        }
    }

    @Test func `a server that wants a password counts as answering`() throws {
        try RedisTestServer.withServer(.init(arguments: ["--requirepass", "secret"])) { server throws in
            #expect(try say("PING", to: server).hasPrefix("-NOAUTH"))
            #expect(!server.version.isEmpty)
        }
    }

    @Test func `the launch prefix runs the server in its own process`() throws {
        try RedisTestServer.withServer(.init(launchPrefix: ["nice", "-n", "3"])) { server throws in
            #expect(try say("INFO server", to: server).contains("process_id:\(server.processIdentifier ?? 0)\r\n"))
        }
    }

    @Test func `paths with spaces, quotes and dollars are taken as they are`() async throws {
        try await withFolder(named: "a b'\"$HOME`c") { folder in
            let found = try RedisTestServer.withServer { try binaryPath(of: $0) }
            let binary = folder + "/my server"
            try FileManager.default.createSymbolicLink(atPath: binary, withDestinationPath: found)
            let server = try RedisTestServer.start(.init(binary: binary, folderParent: folder))
            #expect(server.folder.hasPrefix(folder + "/"))
            #expect(try say("PING", to: server) == "+PONG\r\n")
            #expect(server.url.contains("/rts-") && server.url.contains("a%20b%27%22%24HOME%60c"))
            server.stop()
            #expect(try contents(of: folder) == ["my server"])
        }
    }

    @Test func `REDIS_TEST_SERVER names the program where the options name none`() async {
        // In a process of its own, because the environment belongs to all tests.
        await #expect(processExitsWith: .success) {
            setenv("REDIS_TEST_SERVER", "/nowhere/redis-server", 1)
            let error = #expect(throws: RedisTestServerError.self) { try RedisTestServer.start() }
            #expect(error?.code == .serverNotFound)
            #expect(error?.message.contains("/nowhere/redis-server") == true)
            #expect(error?.message.contains("REDIS_TEST_SERVER") == true)
            let asked = #expect(throws: RedisTestServerError.self) { try RedisTestServer.start(.init(binary: "/x/y")) }
            #expect(asked?.message.contains("/x/y") == true)
        }
    }

    @Test func `servers started at once have folders, ports and data of their own`() async throws {
        let folders = try await withThrowingTaskGroup(of: String.self) { group in
            for index in 0..<8 {
                group.addTask {
                    try RedisTestServer.withServer(.init(listening: .tcp)) { server throws in
                        _ = try say("SET who \(index)", to: server)
                        #expect(try say("GET who", to: server, overTCP: true) == "$1\r\n\(index)\r\n")
                        #expect(try say("DBSIZE", to: server) == ":1\r\n")
                        return server.folder
                    }
                }
            }
            return try await group.reduce(into: [String]()) { $0.append($1) }
        }
        #expect(Set(folders).count == 8)
        for folder in folders { #expect(!exists(folder)) }
    }

    /// Where the server's program is: found without this module's own search.
    private func binaryPath(of server: RedisTestServer) throws -> String {
        let environment = ProcessInfo.processInfo.environment
        if let wanted = environment["REDIS_TEST_SERVER"], wanted.hasPrefix("/") { return wanted }
        let name = server.flavour == .redis ? "redis-server" : "valkey-server"
        let path = try #require(environment["PATH"])
        return try #require(path.split(separator: ":").map { "\($0)/\(name)" }.first { exists($0) })
    }
}
