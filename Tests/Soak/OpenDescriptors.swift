#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// How many files, pipes and sockets this process has open.
///
/// Timers and the like, which are of no file's type, are left out: Dispatch makes them when it first needs them, and
/// keeps them for good.
func openDescriptorCount() -> Int {
    (0..<Int32(getdtablesize())).count { descriptor in
        var status = stat()
        return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT != 0
    }
}
