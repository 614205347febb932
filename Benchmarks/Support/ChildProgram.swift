package import BulkheadConsole

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Another program, run to its end.
package struct ChildProgram {
    /// What it printed on standard output.
    package let output: String
    package let exitCode: Int32
    /// Seconds of processor time of all its threads, from its start to its end.
    package let processorSeconds: Double
    /// Seconds from its start to its end.
    package let seconds: Double
    /// The most memory it had at once, in bytes (`ru_maxrss`); at least what this program had when it started it.
    package let peakBytes: Int

    /// Runs a command found on PATH or by its path, in this folder, with no input and, unless it is silenced, this
    /// program's standard error. Throws where it cannot be started.
    package static func run(_ words: [String], silenced: Bool = false) throws(ChildProcess.Failure) -> ChildProgram {
        let start = MonotonicClock.now()
        let process = try ChildProcess(words, output: .pipe, errors: silenced ? .null : .inherited)
        let output = process.readOutput()
        let ending = process.wait()
        return ChildProgram(
            output: String(decoding: output, as: UTF8.self), exitCode: ending.exitCode,
            processorSeconds: ProcessorTime(ending.usage).total,
            seconds: Double(MonotonicClock.now() - start) / 1e9,
            peakBytes: Int(ending.usage.ru_maxrss) * unitOfMemory)
    }

    #if canImport(Darwin)
    private static let unitOfMemory = 1
    #else
    private static let unitOfMemory = 1_024
    #endif
}
