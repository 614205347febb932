#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A file to read, once or several times, closed with the last reference.
///
/// It is opened once for all passes: whoever puts another file in its place, as `backup` does, changes nothing here.
/// Whoever writes into it is found out by ``requireUnchanged()``. One reader at a time.
final class InputFile: Sendable {
    let descriptor: Descriptor
    /// Bytes; zero for what is no plain file, such as a pipe.
    let size: Int
    /// What it was when it was opened; nil for what is no plain file.
    private let mark: Mark?

    /// What changes when somebody writes to a file.
    private struct Mark: Equatable {
        let size: off_t
        let seconds: Int
        let nanoseconds: Int

        init?(_ descriptor: Int32) {
            var status = stat()
            guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
            #if canImport(Darwin)
            let time = status.st_mtimespec
            #else
            let time = status.st_mtim
            #endif
            (size, seconds, nanoseconds) = (status.st_size, Int(time.tv_sec), Int(time.tv_nsec))
        }
    }

    /// Throws exit code 74 if the file cannot be opened.
    init(_ path: String) throws(ProgramFailure) {
        // A pipe without a writer is opened, too: whoever reads it waits, and can be asked to stop.
        let number = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard number >= 0 else {
            throw ProgramFailure.unnamed(.ioFailed, "opening \(path) failed: \(String(cString: strerror(errno)))")
        }
        _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) & ~O_NONBLOCK)
        descriptor = Descriptor(number: number, name: path)
        mark = Mark(number)
        size = mark.map { Int($0.size) } ?? 0
    }

    /// Says what is waited for, where nothing comes out of a pipe or a terminal: who named it may not have meant it.
    func sayIfNothingComes() {
        guard mark == nil, !descriptor.hasInput(within: 1_000) else { return }
        Notices.say("\(descriptor.name) is a pipe or a device, and nothing has come out of it yet: waiting.")
    }

    deinit { _ = close(descriptor.number) }

    /// A file that is read in several passes. Throws exit code 74 for a pipe or a device, whose bytes come once, and
    /// does not wait for a writer of it.
    static func forSeveralPasses(_ path: String) throws(ProgramFailure) -> InputFile {
        if case .other? = try FilePath.kind(path) { throw comesOnce(path) }
        let file = try InputFile(path)
        // Somebody may have put another thing there since.
        guard file.mark != nil else {
            if case .folder? = try FilePath.kind(path) {
                throw ProgramFailure.unnamed(.ioFailed, "reading \(path) failed: \(String(cString: strerror(EISDIR)))")
            }
            throw comesOnce(path)
        }
        return file
    }

    private static func comesOnce(_ path: String) -> ProgramFailure {
        ProgramFailure.unnamed(
            .ioFailed, "\(path) is a pipe or a device, and is read several times: save what comes out of it in a file")
    }

    /// Back to the beginning. Throws exit code 74 if the file was written to since it was opened.
    func rewind() throws(ProgramFailure) {
        try requireUnchanged()
        guard lseek(descriptor.number, 0, SEEK_SET) == 0 else {
            throw ProgramFailure.unnamed(
                .ioFailed, "reading \(descriptor.name) again failed: \(String(cString: strerror(errno)))")
        }
    }

    /// Throws exit code 74 if the file was written to since it was opened: what was found in it holds no more.
    func requireUnchanged() throws(ProgramFailure) {
        guard let mark, Mark(descriptor.number) != mark else { return }
        throw ProgramFailure.unnamed(
            .ioFailed, "\(descriptor.name) was written to while it was read: try again when it is finished")
    }
}
