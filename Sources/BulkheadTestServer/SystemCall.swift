#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What every system call here shares.
enum SystemCall {
    /// The text of errno, read before anything else can change it.
    static func errorText(_ code: Int32 = errno) -> String {
        guard let text = strerror(code) else { return "error \(code)" }
        return String(cString: text)
    }

    /// The result of a call, made again while signals interrupt it.
    static func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
        while true {
            let result = call()
            if result != -1 || errno != EINTR { return result }
        }
    }

    /// Waits until a descriptor may be read or has lost its peers, or the time is up; interrupted waits end early.
    static func waitUntilReadable(_ descriptor: Int32, milliseconds: Int32) {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = poll(&entry, 1, milliseconds)
    }

    /// Closes a descriptor. An interrupted close has closed too, so it is never tried again.
    static func closeDescriptor(_ descriptor: Int32) { _ = close(descriptor) }

    /// The descriptor itself, or a copy above the standard three, which a child's redirections overwrite.
    static func aboveStandard(_ descriptor: Int32) -> Int32 {
        guard (0...2).contains(descriptor) else { return descriptor }
        let moved = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        close(descriptor)
        return moved
    }

    /// Writes a new file.
    static func write(_ text: String, to path: String) throws(RedisTestServerError) {
        let file = retrying { open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600) }
        guard file >= 0 else { throw .system("write \(path)") }
        defer { close(file) }
        let bytes = Array(text.utf8)
        guard retrying({ systemWrite(file, bytes) }) == bytes.count else { throw .system("write \(path)") }
    }

    static func sleep(milliseconds: Int32) { _ = poll(nil, 0, milliseconds) }

    /// The size of a file in bytes, 0 where there is none.
    static func size(of path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    /// The last bytes of a file as text, none of those before an offset; empty where it cannot be read.
    static func tail(of path: String, from offset: Int = 0, limit: Int) -> String {
        let file = retrying { open(path, O_RDONLY | O_CLOEXEC) }
        guard file >= 0 else { return "" }
        defer { close(file) }
        let size = Int(lseek(file, 0, SEEK_END))
        lseek(file, off_t(max(offset, size - limit)), SEEK_SET)
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while bytes.count < limit {
            let count = retrying { read(file, &chunk, chunk.count) }
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Beside the method of that name.
private func systemWrite(_ file: Int32, _ bytes: [UInt8]) -> Int { write(file, bytes, bytes.count) }
