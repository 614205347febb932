import BulkheadBenchmarkSupport

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Feeds inputs, one after the other, in a process that may die of one.
struct Worker {
    /// A worker that has found so much is stopped.
    static let mostFinds = 20
    /// Seconds that 256 inputs may take; far more than they do.
    private static let timeout: UInt32 = 60
    /// Bytes of address space that may be added to what the program has at its start. What a declared length could
    /// reserve is twice that and more.
    private static let memory = 256 << 20

    let settings: Settings
    let slate: Slate
    let finds: Finds

    /// Feeds the inputs from this one on; how many broke a promise.
    func run(from first: Int) throws(ProgramError) -> Int {
        signal(SIGINT, SIG_DFL)
        let supervisor = getppid()
        Self.limitMemory()
        var tally = slate.tally
        var broken = 0
        for index in first..<settings.inputs {
            if index & 0xff == 0 {
                _ = alarm(Self.timeout)
                slate.tally = tally
                if getppid() != supervisor { throw ProgramError("its supervisor is gone") }
            }
            slate.index = index
            let input = Target.input(seed: settings.runSeed, index: index, only: settings.only)
            slate.input = input
            switch input.check() {
            case .held(let words): tally["\(input.target.rawValue)\u{20}\(words)", default: 0] += 1
            case .broken(let words):
                tally["\(input.target.rawValue) broken", default: 0] += 1
                broken += 1
                try finds.keep(shrink(input), words, number: index)
                if broken == Self.mostFinds { break }
            }
            if broken == Self.mostFinds { break }
        }
        _ = alarm(0)
        slate.tally = tally
        return broken
    }

    private func shrink(_ input: Input) -> Input {
        input.shrunk { candidate in
            slate.input = candidate
            if case .broken = candidate.check() { return true }
            return false
        }
    }

    /// Makes an allocation that follows a declared length, and nothing else, fail; on Linux, which can.
    static func limitMemory() {
        #if os(Linux)
        guard let file = fopen("/proc/self/statm", "r") else { return }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, 128, file) != nil else { return }
        let pages = atol(line)
        let most = rlim_t(pages * sysconf(Int32(_SC_PAGESIZE)) + memory)
        var limit = rlimit(rlim_cur: most, rlim_max: most)
        setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
        #endif
    }
}
