import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Synchronization
import Testing

@testable import BulkheadTools

/// Tools that are asked to stop while a server, a pipe or a person keeps them waiting.
@Suite("Tools that are asked to stop", .serialized, .timeLimit(.minutes(10))) struct PromptEndTests {
    /// What is run, and the words in a request from which on the server hears nothing more.
    struct Call: CustomTestStringConvertible, Sendable {
        let words: [String]
        let last: String
        let said: [String]

        init(_ words: String, until last: String, says said: String...) {
            self.words = words.split(separator: " ").map(String.init)
            self.last = last
            self.said = said
        }

        var testDescription: String { "\(words.joined(separator: " ")) until \(last)" }
    }

    private static let calls = [
        Call("check main", until: "INFO", says: "asked to stop, and the server of main has not answered INFO"),
        Call("check main", until: "SCAN", says: "no key was scanned"),
        Call("backup main --to FOLDER", until: "INFO", says: "stopped; no file was made"),
        Call("backup main --to FOLDER", until: "REPLCONF", says: "stopped; no file was made"),
        Call("backup main --to FOLDER --method scan", until: "DUMP", says: "stopped; no file was made"),
        Call("diff main knowledge", until: "DUMP", says: "stopped before all keys were compared"),
        Call("diff FILE main", until: "DUMP", says: "stopped before all keys were compared"),
        Call("flush main --yes --expecting 20", until: "RANDOMKEY", says: "asked to stop", "othing was removed"),
        Call("flush main --yes --expecting 20", until: "FLUSHDB", says: "not known whether the keys were removed"),
        Call("migrate --from main --to knowledge --all", until: "DBSIZE", says: "asked to stop", "was moved."),
        Call(
            "migrate --from main --to knowledge --all", until: "key:", says: "asked to stop",
            "Every key is whole on one side or on both.", "--resume"),
        Call(
            "migrate --from main --to-url OTHER --all", until: ":chain", says: "Nothing was moved.",
            "add --resume"),
        Call("migrate --from main --to-url OTHER --all", until: "key:", says: "Every key is whole", "--resume"),
        Call("restore FILE --into db5", until: "INFO", says: "asked to stop", "Nothing was restored."),
        Call(
            "restore FILE --into db5", until: "ABSTTL", says: "it is unknown whether", "To go on:",
            "--on-conflict skip"),
        Call("restore FILE --into db5 --verify", until: "DUMP", says: "all keys are restored"),
        Call("vectors main pages --dry-run", until: "HSTRLEN", says: "stopped. Run it again"),
    ]

    @Test(arguments: calls) func `a server that hangs keeps no tool from its end, which says what was done`(
        call: Call
    ) async throws {
        try await withToolServer(arguments: promptly) { server, databases in
            let main = try databases[.main]
            for index in 0..<20 { try await main.hset("key:\(index)", "vector", [1, 2] as [Float]) }
            try await main.send("SAVE")
            let isDeaf = Atomic(false)
            let proxy = FaultProxy(to: server.socketPath) { direction, bytes in
                if direction == .toServer, String(decoding: bytes, as: UTF8.self).contains(call.last) {
                    isDeaf.store(true, ordering: .relaxed)
                }
                return !isDeaf.load(ordering: .relaxed)
            }
            defer { proxy.stop() }
            try await withToolServer { other, _ in
                try await withBackupFolder { folder in
                    let places = [
                        "FOLDER": folder, "FILE": server.folder + "/dump.rdb", "OTHER": other.url, "db5": "5",
                    ]
                    let words = call.words.map { places[$0] ?? $0 } + ["-q", "--url", "unix://\(proxy.path)"]
                    let outcome = try await Bulkhead.run(words) { process in
                        while !isDeaf.load(ordering: .relaxed), kill(process, 0) == 0 {
                            try await Task.sleep(for: .milliseconds(5))
                        }
                        kill(process, SIGTERM)
                    }
                    #expect(outcome.exitCode == 2, "\(outcome.errors)")
                    let said = outcome.errors.split(whereSeparator: \.isWhitespace).joined(separator: " ")
                    for words in call.said { #expect(said.contains(words), "\(words) is not in: \(outcome.errors)") }
                    #expect(!said.contains("timed-out"))
                    #expect(try names(in: folder) == [])
                }
            }
        }
    }

    @Test func `a server that is paused does not keep check from its end`() async throws {
        try await withToolServer { server, databases in
            try await databases[.main].set("key", "value")
            try server.pause()
            defer { server.resume() }
            // The system accepts connections for it.
            let outcome = try await Bulkhead.run(["check", "--url", server.url]) { process in
                // Before it watches for signals one would kill it.
                _ = await eventually { watches(SIGINT, process) }
                kill(process, SIGINT)
            }
            #expect(outcome.exitCode == 2)
            #expect(outcome.errors.contains("it was asked to stop"), "\(outcome.errors)")
        }
    }

    private func watches(_ signal: Int32, _ process: Int32) -> Bool {
        let status = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("SigCgt:") } ?? ""
        let caught = UInt64(line.dropFirst("SigCgt:".count).filter(\.isHexDigit), radix: 16) ?? 0
        return caught >> UInt64(signal - 1) & 1 == 1
    }

    @Test func `Ctrl-C at a question is no answer`() async throws {
        try await withToolServer { server, databases in
            try await databases[.main].set("key", "value")
            for words in [["migrate", "--from", "main", "--to", "knowledge", "--all"], ["flush", "main"]] {
                var before: [UInt8] = []
                let shown = try await Bulkhead.onTerminal(words + ["--url", server.url], columns: 100) {
                    process, terminal in
                    let isAsked = await eventually {
                        before += terminal.read()
                        return String(decoding: before, as: UTF8.self).contains("Type main to")
                    }
                    #expect(isAsked)
                    kill(process, SIGINT)
                }
                #expect(shown.exitCode == 2, "\(shown.words)")
                #expect(shown.words.contains("it was asked to stop"), "\(shown.words)")
                #expect(try await databases[.main].dbsize() == 1)
            }
        }
    }

    // MARK: Pipes

    /// Opens the end to write of a pipe once a program has opened the other one.
    private func writer(of path: String) async throws -> FileHandle {
        var descriptor: Int32 = -1
        _ = await eventually {
            descriptor = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
            return descriptor >= 0
        }
        try #require(descriptor >= 0, "nobody reads the pipe")
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    @Test(arguments: [["check", "--rdb"], ["check", "-q", "--rdb"]])
    func `a pipe that nothing comes out of keeps nobody from the end`(words: [String]) async throws {
        try await withBackupFolder { folder in
            let path = folder + "/pipe"
            #expect(mkfifo(path, 0o600) == 0)
            let outcome = try await Bulkhead.run(words + [path]) { process in
                let writer = try await writer(of: path)
                kill(process, SIGTERM)
                // Open until the program has ended.
                while kill(process, 0) == 0, !isZombie(process) { try await Task.sleep(for: .milliseconds(10)) }
                try writer.close()
            }
            #expect(outcome.exitCode == 2, "\(outcome.errors)")
            #expect(outcome.errors.contains("no key was scanned"), "\(outcome.errors)")
        }
    }

    /// It has ended, and nobody has asked how.
    private func isZombie(_ process: Int32) -> Bool {
        let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        return status?.split(separator: ")").last?.hasPrefix(" Z") ?? true
    }

    @Test(arguments: ["rdb", "check --rdb"])
    func `who names a pipe that nothing comes out of is told, and what comes later is read`(
        tool: String
    ) async throws {
        try await withBackupFolder { folder in
            let file = folder + "/a.rdb"
            try Data(Array("REDIS0011".utf8) + [255] + [UInt8](repeating: 0, count: 8))
                .write(to: URL(fileURLWithPath: file))
            let outcome = try await Bulkhead.shell(
                """
                cd \(folder); mkfifo pipe
                bulkhead \(tool) pipe > output 2> errors & reader=$!
                until grep -q 'nothing has come out of it yet' errors; do sleep 0.05; done
                cat a.rdb > pipe; wait $reader
                """)
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            #expect(try !bytes(folder + "/output").isEmpty)
        }
    }

    @Test(arguments: ["rdb", "check --rdb", "restore --into main", "diff"])
    func `a folder and a device are no snapshots`(tool: String) async throws {
        try await withBackupFolder { folder in
            let words = tool.split(separator: " ").map(String.init)
            let more = tool == "diff" ? ["main"] : []
            let inFolder = try await Bulkhead.run(words + [folder + "/"] + more)
            #expect(inFolder.exitCode == 74, "\(inFolder.errors)")
            #expect(inFolder.errors.contains("Is a directory"), "\(inFolder.errors)")
            let device = try await Bulkhead.run(words + ["/dev/zero"] + more)
            #expect([65, 74].contains(device.exitCode), "\(device.errors)")
            #expect(device.errors.contains("RDB file") || device.errors.contains("a device"), "\(device.errors)")
        }
    }

    @Test(arguments: ["link.html", "loose.html", "/dev/stdout", "."])
    func `a page takes no link's, pipe's or folder's place, and no server is asked`(name: String) async throws {
        try await withBackupFolder { folder in
            try Data("precious".utf8).write(to: URL(fileURLWithPath: folder + "/real.html"))
            for (link, target) in [("link.html", "real.html"), ("loose.html", "nothing.html")] {
                try FileManager.default.createSymbolicLink(
                    atPath: folder + "/" + link, withDestinationPath: folder + "/" + target)
            }
            let before = try names(in: folder)
            let outcome = try await Bulkhead.shell(
                "cd \(folder); bulkhead check --url unix:///nowhere/socket --html \(name)")
            #expect(outcome.exitCode == 64, "\(outcome.errors)")
            #expect(!outcome.errors.contains("cannot connect"), "\(outcome.errors)")
            #expect(try names(in: folder) == before)
            #expect(try bytes(folder + "/real.html") == Array("precious".utf8))
        }
    }

    @Test func `a page in a folder that is missing is no reason to ask a server`() async throws {
        let outcome = try await Bulkhead.run("check", "--url", "unix:///nowhere/socket", "--html", "/nowhere/page.html")
        #expect(outcome.exitCode == 74)
        #expect(outcome.errors.contains("make the folder first"), "\(outcome.errors)")
    }
}
