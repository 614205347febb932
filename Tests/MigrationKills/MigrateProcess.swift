import BulkheadBenchmarkSupport

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A running `bulkhead`, which may be killed; what it says goes to a file.
final class MigrateProcess {
    private let process: ChildProcess
    private let log: String

    init(_ words: [String], log: String) throws(ChildProcess.Failure) {
        process = try ChildProcess(words, output: .file(log), errors: .output)
        self.log = log
    }

    /// Kills it, unless it has ended by itself.
    func kill() { process.send(SIGKILL) }

    /// Has it stand still until it is told to go on.
    func pause() { process.send(SIGSTOP) }
    func goOn() { process.send(SIGCONT) }

    /// Whether it has ended by itself.
    var hasEnded: Bool { process.hasEnded }

    /// Its exit code, or 128 and the signal that killed it.
    func wait() -> Int32 { process.wait().exitCode }

    /// What it said, at most the last of it.
    var said: String {
        let file = open(log, O_RDONLY)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 16_384)
        let count = max(0, read(file, &bytes, bytes.count))
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}
