import BulkheadBenchmarkSupport

#if canImport(Glibc)
// `environ` is a variable of C, which Swift cannot know to be left alone.
@preconcurrency import Glibc
#elseif canImport(Musl)
@preconcurrency import Musl
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
        // Ctrl-C ends the worker, which this one then hears of.
        signal(SIGINT, SIG_IGN)
        let start = MonotonicClock.now()
        var broken = 0
        var first = 0
        while true {
            let status = try work(from: first, path)
            if status & 0x7f == 0 {
                let code = Int(status >> 8 & 0xff)
                guard code <= Worker.mostFinds else { throw ProgramError("a worker ended with \(code)") }
                broken += code
                break
            }
            let signal = status & 0x7f
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

    /// One worker from its start to its end; how it ended, as `waitpid` says it.
    private func work(from first: Int, _ path: String) throws(ProgramError) -> Int32 {
        var words = [CommandLine.arguments[0], "--worker", path, "--from", "\(first)", "--inputs", "\(settings.inputs)"]
        words += ["--seed", "\(settings.seed)", "--target", settings.target, "--keep", settings.keep]
        #if canImport(Darwin)
        let environment = _NSGetEnviron().pointee
        #else
        let environment = environ
        #endif
        var arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var process: pid_t = 0
        guard posix_spawnp(&process, words[0], nil, nil, &arguments, environment) == 0 else {
            throw ProgramError("cannot start \(words[0])")
        }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        return status
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
