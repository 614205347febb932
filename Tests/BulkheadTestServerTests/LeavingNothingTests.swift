import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@Suite(.timeLimit(.minutes(10)))
struct `Nothing is left behind` {
    struct Trouble: Error {}

    @Test func `after stop, which may be called again`() throws {
        let server = try RedisTestServer.start(.init(listening: .tcp))
        let process = try #require(server.processIdentifier)
        #expect(isAlive(process) && exists(server.folder))
        server.stop()
        #expect(!isAlive(process) && !exists(server.folder))
        #expect(processes(naming: server.folder).isEmpty)
        server.stop()
        #expect(server.processIdentifier == nil && !server.isRunning)
    }

    @Test func `after the last reference has gone`() throws {
        var server: RedisTestServer? = try RedisTestServer.start()
        let folder = try #require(server?.folder)
        let process = try #require(server?.processIdentifier)
        server = nil
        #expect(!isAlive(process) && !exists(folder))
    }

    @Test func `after a scope that throws`() async throws {
        var left: [(folder: String, process: Int32?)] = []
        #expect(throws: Trouble.self) {
            try RedisTestServer.withServer { server throws in
                left.append((server.folder, server.processIdentifier))
                throw Trouble()
            }
        }
        await #expect(throws: Trouble.self) {
            try await RedisTestServer.withServer { server async throws in
                left.append((server.folder, server.processIdentifier))
                await Task.yield()
                throw Trouble()
            }
        }
        #expect(left.count == 2)
        for (folder, process) in left { #expect(!isAlive(try #require(process)) && !exists(folder)) }
    }

    @Test func `after stopping a paused server, and a killed one`() throws {
        for fault in [{ try $0.pause() }, { $0.kill() }] as [(RedisTestServer) throws -> Void] {
            let server = try RedisTestServer.start()
            let process = try #require(server.processIdentifier)
            try fault(server)
            server.stop()
            #expect(!isAlive(process) && !exists(server.folder))
        }
    }

    @Test func `after a prefix that runs the server as a child of its own`() throws {
        let server = try RedisTestServer.start(.init(launchPrefix: ["sh", "-c", "\"$@\"; exit 0", "prefix"]))
        server.stop()
        #expect(!exists(server.folder))
        #expect(processes(naming: server.folder).isEmpty)
    }

    @Test func `after something killed the shell that guards the server`() throws {
        let server = try RedisTestServer.start()
        let process = try #require(server.processIdentifier)
        let shell = try #require(processes(naming: server.folder).compactMap { Int32($0) }.first { $0 != process })
        #expect(kill(shell, SIGKILL) == 0)
        server.stop()
        #expect(!isAlive(process) && !exists(server.folder))
    }

    @Test func `one server's end does not wait for another's, whichever was started first`() throws {
        let servers = try (0..<3).map { _ in try RedisTestServer.start() }
        for index in [0, 2, 1] {
            servers[index].stop()
            #expect(!exists(servers[index].folder))
        }
    }

    @Test func `a server keeps no descriptor of its owner open`() throws {
        var pipe: [Int32] = [-1, -1]
        #if canImport(Darwin)
        try #require(Darwin.pipe(&pipe) == 0)
        #else
        try #require(Glibc.pipe(&pipe) == 0)
        #endif
        defer { close(pipe[0]) }
        try RedisTestServer.withServer { server throws in
            close(pipe[1])
            // Were the other end open in the server, this would wait for ever.
            var byte: UInt8 = 0
            #expect(read(pipe[0], &byte, 1) == 0)
            #expect(server.isRunning)
        }
    }

    @Test(arguments: ["wait", "abort", "exit"])
    func `after the end of the owning process`(_ end: String) async throws {
        try await withFolder { folder in
            let bystander = try RedisTestServer.start()
            let owner = try Owner(folder: folder, end: end)
            let server = try #require(owner.server)
            if end == "wait" {
                #expect(isAlive(server.process) && exists(server.folder))
                try await owner.kill()
            }
            try await owner.waitForEnd()
            try await eventually { !isAlive(server.process) && !exists(server.folder) }
            try await eventually { processes(naming: folder).isEmpty }
            #expect(try contents(of: folder).isEmpty)
            #expect(try say("PING", to: bystander) == "+PONG\r\n")
        }
    }

    @Test func `after an owner was killed at any moment of its servers' lives`() async throws {
        try await withFolder { folder in
            for _ in 0..<10 {
                let owner = try Owner(folder: folder, end: "churn")
                try await Task.sleep(for: .microseconds(Int.random(in: 0...60_000)))
                try await owner.kill()
            }
            try await eventually { processes(naming: folder).isEmpty }
            #expect(try contents(of: folder).isEmpty)
        }
    }
}

/// A process that owns a server in a folder: Tests/CrashingOwner.
private struct Owner {
    let owner = Process()
    /// What it told of its server.
    let server: (folder: String, process: Int32)?

    /// Starts it, and waits until its server answers.
    init(folder: String, end: String) throws {
        owner.executableURL = try Owner.program()
        owner.arguments = [folder, end]
        let output = Pipe()
        owner.standardOutput = output
        owner.standardError = FileHandle.nullDevice
        try owner.run()
        var text = ""
        while text.filter({ $0 == "\n" }).count < 2 {
            let more = output.fileHandleForReading.availableData
            if more.isEmpty { break }
            text += String(decoding: more, as: UTF8.self)
        }
        let lines = text.split(separator: "\n")
        server = lines.count == 2 ? Int32(lines[1]).map { (String(lines[0]), $0) } : nil
    }

    /// Ends it with SIGKILL, which it cannot notice.
    func kill() async throws {
        #if canImport(Darwin)
        Darwin.kill(owner.processIdentifier, SIGKILL)
        #else
        Glibc.kill(owner.processIdentifier, SIGKILL)
        #endif
        try await waitForEnd()
    }

    /// A process that nobody has waited for would keep every test from starting a process of its own: the library's
    /// watch of its children sees the first that has ended, again and again. Foundation does not notice each end.
    func waitForEnd() async throws {
        let process = owner.processIdentifier
        // 0 while it runs; an error if Foundation has seen its end.
        try await eventually { waitpid(process, nil, WNOHANG) != 0 }
    }

    /// Beside the test bundle, which is the running program or one of its arguments.
    private static func program() throws -> URL {
        let bundle = try #require(
            (CommandLine.arguments + Bundle.allBundles.map(\.bundlePath)).first {
                $0.contains(".xctest")
            })
        let folder = try #require(bundle.range(of: #"^.*?(?=/[^/]*\.xctest)"#, options: .regularExpression))
        return URL(fileURLWithPath: String(bundle[folder])).appendingPathComponent("BulkheadCrashingOwner")
    }
}
