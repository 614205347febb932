import BulkheadBenchmarkSupport

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Runs workers: where one dies, what it was fed is a find, and another goes on behind it.
struct Supervisor {
    let settings: Settings
    let finds: Finds

    /// All inputs; how many broke a promise.
    func run() throws(ProgramError) -> Int {
        let path = "\(temporaryFolder)/fuzz-\(getpid())"
        let slate = try Slate(path: path)
        defer { unlink(path) }
        // Ctrl-C ends the worker, which this one then learns.
        signal(SIGINT, SIG_IGN)
        let start = MonotonicClock.now()
        var broken = 0
        var first = 0
        while true {
            let code = try work(from: first, path)
            guard code > 128 else {
                guard code <= Worker.mostFinds else { throw ProgramError("a worker ended with \(code)") }
                broken += Int(code)
                break
            }
            let signal = code - 128
            guard signal != SIGINT, signal != SIGTERM else { throw ProgramError("stopped at input \(slate.index)") }
            let words = signal == SIGALRM ? "it did not end in a minute" : "the process died of signal \(signal)"
            guard let input = slate.input else { throw ProgramError("\(words) while making input \(slate.index)") }
            try finds.keep(input, words, number: slate.index)
            slate.tally["\(input.target.rawValue) died", default: 0] += 1
            broken += 1
            first = slate.index + 1
            if broken >= Worker.mostFinds { break }
        }
        report(slate, broken, seconds: Double(MonotonicClock.now() - start) / 1e9)
        return broken
    }

    private var temporaryFolder: String { getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp" }

    /// One worker from its start to its end: its exit code, or 128 and the signal that ended it.
    private func work(from first: Int, _ path: String) throws(ProgramError) -> Int32 {
        var words = [
            CommandLine.arguments[0], "--worker", path, "--from", "\(first)", "--inputs", "\(settings.inputs)",
        ]
        words += ["--seed", "\(settings.seed)", "--target", settings.target, "--keep", settings.keep]
        do throws(ChildProcess.Failure) {
            return try ChildProcess(words, input: .inherited).wait().exitCode
        } catch {
            throw ProgramError(error.description)
        }
    }

    private func report(_ slate: Slate, _ broken: Int, seconds: Double) {
        let tally = slate.tally
        let count = tally.values.reduce(0, +)
        print("Tests/fuzz --inputs \(settings.inputs) --seed \(settings.seed) --target \(settings.target)")
        print("\(count) inputs in \(Int(seconds.rounded())) s, \(broken) broke a promise\n")
        for target in Target.allCases {
            let endings = tally.filter { $0.key.hasPrefix(target.rawValue + " ") }
            if endings.isEmpty { continue }
            print("\(target.rawValue): \(endings.values.reduce(0, +)) inputs")
            for (words, count) in endings.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
                let indent = String(repeating: " ", count: max(0, 12 - String(count).count))
                print("\(indent)\(count) \(words.dropFirst(target.rawValue.count + 1))")
            }
        }
    }
}
