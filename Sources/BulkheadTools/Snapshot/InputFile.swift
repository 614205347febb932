#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A file to read from its beginning, closed with the last reference.
final class InputFile {
    let descriptor: Descriptor
    /// Bytes; zero for what is no plain file, such as a pipe.
    let size: Int

    /// Throws exit code 74 if the file cannot be opened.
    init(_ path: String) throws(ProgramFailure) {
        let number = open(path, O_RDONLY | O_CLOEXEC)
        guard number >= 0 else {
            throw ProgramFailure.unnamed(.ioFailed, "opening \(path) failed: \(String(cString: strerror(errno)))")
        }
        descriptor = Descriptor(number: number, name: path)
        var status = stat()
        size = fstat(number, &status) == 0 ? Int(status.st_size) : 0
    }

    deinit { _ = close(descriptor.number) }
}
