#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Files and folders by paths of any bytes, which no `String` can hold.
enum LintFileSystem {
    enum Kind { case file, folder, other }

    struct Failure: Error {
        let reason: String

        static func current() -> Failure { Failure(reason: String(cString: strerror(errno))) }
    }

    /// What lies at a path, how large it is, and whether it may be run.
    static func status(
        _ path: [UInt8], followsLink: Bool
    ) throws(Failure) -> (kind: Kind, size: Int, isExecutable: Bool) {
        var status = stat()
        let result = withPath(path) { followsLink ? stat($0, &status) : lstat($0, &status) }
        guard result == 0 else { throw .current() }
        let kind: Kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .folder
            default: .other
            }
        return (kind, Int(status.st_size), status.st_mode & 0o111 != 0)
    }

    /// The names in a folder, in the order of their bytes.
    static func names(in folder: [UInt8]) throws(Failure) -> [[UInt8]] {
        guard let stream = withPath(folder, { opendir($0) }) else { throw .current() }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw .current() }
                break
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != Array(".".utf8), name != Array("..".utf8) { names.append(name) }
        }
        return names.sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// The first bytes of a file, at most `limit`.
    static func bytes(of path: [UInt8], limit: Int) throws(Failure) -> [UInt8] {
        let descriptor = withPath(path) { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        guard descriptor >= 0 else { throw .current() }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: min(limit, 256 << 10))
        while bytes.count < limit {
            let count = read(descriptor, &block, min(block.count, limit - bytes.count))
            if count == 0 { break }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw .current()
            }
            bytes += block[..<count]
        }
        return bytes
    }

    private static func withPath<Result>(_ path: [UInt8], _ body: (UnsafePointer<CChar>) -> Result) -> Result {
        (path + [0]).withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { body($0.baseAddress!) }
        }
    }
}
