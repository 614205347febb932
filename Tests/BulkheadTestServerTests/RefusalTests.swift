import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@Suite(.timeLimit(.minutes(10)))
struct `A server that cannot be started` {
    /// The error of a start that must fail, which left the parent folder empty.
    private func refusal(_ change: (inout RedisTestServer.Options) -> Void) async throws -> RedisTestServerError {
        try await withFolder { folder in
            var options = RedisTestServer.Options(folderParent: folder)
            change(&options)
            let error = try #require(throws: RedisTestServerError.self) { try RedisTestServer.start(options) }
            #expect(try contents(of: folder).isEmpty)
            #expect(processes(naming: folder).isEmpty)
            return error
        }
    }

    @Test func `a wrong path is named`() async throws {
        let error = try await refusal { $0.binary = "/nowhere/redis-server" }
        #expect(error.code == .serverNotFound)
        #expect(error.message.contains("/nowhere/redis-server"))
    }

    @Test func `a name that is not on PATH is named`() async throws {
        let error = try await refusal { $0.binary = "no-such-server" }
        #expect(error.code == .serverNotFound)
        #expect(error.message.contains("no no-such-server on PATH"))
    }

    @Test func `a folder is no program`() async throws {
        #expect(try await refusal { $0.binary = "/tmp/" }.code == .serverNotFound)
    }

    @Test func `a refused configuration is shown in the server's words`() async throws {
        let error = try await refusal { $0.arguments = ["--no-such-directive", "7"] }
        #expect(error.code == .endedAtStart)
        #expect(error.message.contains("no-such-directive"))
        #expect(error.message.contains("ended with status 1"))
    }

    @Test func `a program that is no server has ended, with its own words`() async throws {
        let error = try await refusal { $0.binary = "/bin/ls" }
        #expect(error.code == .endedAtStart)
        #expect(error.message.contains("/bin/ls"))
    }

    @Test func `a launch prefix that does not exist is named`() async throws {
        let error = try await refusal { $0.launchPrefix = ["no-such-tool"] }
        #expect(error.code == .endedAtStart)
        #expect(error.message.contains("no-such-tool"))
        #expect(error.message.contains("127"))
    }

    @Test func `a program that stays silent is given up and killed`() async throws {
        let error = try await refusal {
            $0.launchPrefix = ["sh", "-c", "echo I am asleep; exec sleep 1000"]
            $0.startTimeout = .milliseconds(300)
        }
        #expect(error.code == .startTimedOut)
        #expect(error.message.contains("I am asleep"))
    }

    @Test(arguments: [
        ["--port", "7000"], ["--port 7000"], ["--PORT", "1"], ["--unixsocket", "/x"], ["--daemonize", "yes"],
    ])
    func `arguments that would lose the server are refused`(_ arguments: [String]) async throws {
        let error = try await refusal { $0.arguments = arguments }
        #expect(error.code == .invalidOption)
        #expect(error.message.contains("listening"))
    }

    @Test func `a folder that does not exist is named`() async throws {
        let error = try await refusal { $0.folderParent = "/no/such/folder" }
        #expect(error.code == .folderUnusable)
        #expect(error.message.contains("/no/such/folder/redis-"))
        #expect(error.message.contains("TMPDIR"))
    }

    @Test func `a folder too long for a unix socket is refused before anything is made`() async throws {
        let error = try await refusal { $0.folderParent! += "/" + String(repeating: "long", count: 25) }
        #expect(error.code == .folderUnusable)
        #expect(error.message.contains("bytes"))
    }
}
