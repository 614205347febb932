import BulkheadTestSupport
import Foundation

extension Bulkhead {
    /// What a terminal has been sent.
    struct Shown {
        let exitCode: Int32
        let text: String

        /// The lines a person sees, without colours; a line that was written over counts as each of its texts.
        var lines: [String] {
            text.replacing(/\u{1b}\[[0-9;]*m/, with: "").split(whereSeparator: { $0.isNewline || $0 == "\r" })
                .map { String($0) }
        }

        /// The words, wherever lines were broken.
        var words: String {
            lines.joined(separator: " ").split(separator: " ").joined(separator: " ")
        }
    }

    /// Runs `bulkhead` on a terminal of so many columns, types `input` once it has shown something, or at once if
    /// there is nothing to wait for.
    static func onTerminal(
        _ arguments: [String], columns: Int, typing input: String = "", environment: [String: String] = [:],
        whileRunning body: (Int32, PseudoTerminal) async throws -> Void = { _, _ in }
    ) async throws -> Shown {
        let terminal = try PseudoTerminal(columns: columns)
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.environment = ["PATH": "/usr/bin:/bin", "LC_ALL": "C", "TERM": "xterm"]
            .merging(environment) { $1 }
        let handle = FileHandle(fileDescriptor: terminal.program, closeOnDealloc: false)
        process.standardInput = handle
        process.standardOutput = handle
        process.standardError = handle
        try process.run()
        defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
        try await body(process.processIdentifier, terminal)
        var shown: [UInt8] = []
        var isTyped = input.isEmpty
        while process.isRunning {
            let more = terminal.read()
            shown += more
            if !isTyped, !shown.isEmpty {
                terminal.type(input)
                isTyped = true
            }
            if more.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        }
        shown += terminal.read()
        return Shown(exitCode: process.terminationStatus, text: String(decoding: shown, as: UTF8.self))
    }
}
