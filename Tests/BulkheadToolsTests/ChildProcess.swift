import Foundation

/// Runs the real program, built beside this test bundle.
enum Bulkhead {
    static let executable: URL = {
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

    /// Runs a line of sh that finds `bulkhead` in its path.
    static func shell(_ line: String, input: some Collection<UInt8> = []) async throws -> Outcome {
        try await run(URL(fileURLWithPath: "/bin/sh"), ["-c", line], input: input)
    }

    private static func run(
        _ program: URL, _ arguments: [String], input: some Collection<UInt8>
    ) async throws -> Outcome {
        // Files cannot fill up as pipes do, so neither side can wait for the other.
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("bulkhead-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        func handle(_ name: String, _ content: Data) throws -> FileHandle {
            let file = folder.appendingPathComponent(name)
            try content.write(to: file)
            return try FileHandle(forUpdating: file)
        }
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.environment = ["PATH": "\(executable.deletingLastPathComponent().path):/usr/bin:/bin", "LC_ALL": "C"]
        process.standardInput = try handle("input", Data(input))
        process.standardOutput = try handle("output", Data())
        process.standardError = try handle("errors", Data())
        let exitCode = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        return Outcome(
            exitCode: exitCode,
            output: try Data(contentsOf: folder.appendingPathComponent("output")),
            errors: try String(contentsOf: folder.appendingPathComponent("errors"), encoding: .utf8))
    }
}
