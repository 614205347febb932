import Foundation

/// Runs the real program: the one that BULKHEAD_PROGRAM names, else that which is built beside this test bundle.
enum Bulkhead {
    static let executable: URL = {
        if let path = ProcessInfo.processInfo.environment["BULKHEAD_PROGRAM"] {
            precondition(path.hasSuffix("/bulkhead"), "BULKHEAD_PROGRAM is \(path), and sh finds no bulkhead by that")
            return URL(fileURLWithPath: path)
        }
        #if os(Linux)
        let bundle = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        #else
        let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }!.bundleURL
        #endif
        return bundle.deletingLastPathComponent().appendingPathComponent("bulkhead")
    }()

    struct Outcome {
        let exitCode: Int32
        let output: Data
        let errors: String

        var text: String { String(decoding: output, as: UTF8.self) }
    }

    /// Runs `bulkhead` with `arguments` on `input` and waits for its end.
    static func run(_ arguments: String..., input: some Collection<UInt8> = []) async throws -> Outcome {
        try await run(executable, arguments, input: input)
    }

    static func run(_ arguments: [String], input: some Collection<UInt8> = []) async throws -> Outcome {
        try await run(executable, arguments, input: input)
    }

    /// The same, and does something with the process while it runs.
    static func run(
        _ arguments: [String], whileRunning body: (_ processIdentifier: Int32) async throws -> Void
    ) async throws -> Outcome {
        try await run(executable, arguments, input: [UInt8](), whileRunning: body)
    }

    /// Runs a line of sh that finds `bulkhead` in its path.
    static func shell(_ line: String, input: some Collection<UInt8> = []) async throws -> Outcome {
        try await run(URL(fileURLWithPath: "/bin/sh"), ["-c", line], input: input)
    }

    private static func run(
        _ program: URL, _ arguments: [String], input: some Collection<UInt8>,
        whileRunning body: (_ processIdentifier: Int32) async throws -> Void = { _ in }
    ) async throws -> Outcome {
        // Files cannot fill up as pipes do, so neither side can wait for the other.
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("bulkhead-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        // Foundation keeps them open, and with thousands of open files its next `run` may crash: it reads beyond the
        // end of what the system lists of them.
        var handles: [FileHandle] = []
        defer { for handle in handles { try? handle.close() } }
        func handle(_ name: String, _ content: Data) throws -> FileHandle {
            let file = folder.appendingPathComponent(name)
            try content.write(to: file)
            handles.append(try FileHandle(forUpdating: file))
            return handles[handles.count - 1]
        }
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.environment = ["PATH": "\(executable.deletingLastPathComponent().path):/usr/bin:/bin", "LC_ALL": "C"]
        process.standardInput = try handle("input", Data(input))
        process.standardOutput = try handle("output", Data())
        process.standardError = try handle("errors", Data())
        let (ends, ended) = AsyncStream.makeStream(of: Int32.self)
        process.terminationHandler = {
            ended.yield($0.terminationStatus)
            ended.finish()
        }
        try process.run()
        try await body(process.processIdentifier)
        var exitCode: Int32 = -1
        for await status in ends { exitCode = status }
        return Outcome(
            exitCode: exitCode,
            output: try Data(contentsOf: folder.appendingPathComponent("output")),
            errors: try String(contentsOf: folder.appendingPathComponent("errors"), encoding: .utf8))
    }
}
