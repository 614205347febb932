#if canImport(Glibc) || canImport(Musl)
#if canImport(Glibc)
import Glibc
#else
import Musl
#endif

extension CPUPinning {
    /// Reads the kernel's list for the process's first thread, from which the others inherit; nil without `/proc`.
    ///
    /// `sched_getaffinity` says the same, but is not among what Swift sees of Glibc.
    static func readAllowedCores() -> [Int]? {
        guard let file = fopen("/proc/self/status", "r") else { return nil }
        defer { fclose(file) }
        let key = "Cpus_allowed_list:"
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        while getline(&line, &capacity, file) > 0, let start = line {
            let text = String(cString: start)
            if text.hasPrefix(key) {
                return cores(inList: text.dropFirst(key.count).filter { !$0.isWhitespace })
            }
        }
        return nil
    }
}
#endif
