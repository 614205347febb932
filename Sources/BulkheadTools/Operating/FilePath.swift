import BulkheadConsole

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Files by their paths: the few calls that tools need of them, their errors with the path and what to do.
package enum FilePath {
    /// The folder, `.` for none, and the name.
    package static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let folder = String(path[..<slash])
        return (folder.isEmpty ? "/" : folder, String(path[path.index(after: slash)...]))
    }

    package enum Kind: Sendable {
        case file(bytes: Int), folder, other
    }

    /// What is there; nil for nothing, and for a symbolic link to nothing.
    package static func kind(_ path: String) throws(ProgramFailure) -> Kind? {
        var status = stat()
        guard stat(path, &status) == 0 else {
            let code = errno
            if code == ENOENT { return nil }
            throw failure("looking at \(path)", code)
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file(bytes: Int(status.st_size))
        case S_IFDIR: return .folder
        default: return .other
        }
    }

    /// Whether something has that name, be it a symbolic link to nothing.
    static func isTaken(_ path: String) throws(ProgramFailure) -> Bool {
        if linkTarget(path) != nil { return true }
        return try kind(path) != nil
    }

    /// Bytes of a file; 0 for what is none, such as a pipe, which is not opened.
    static func size(_ path: String) throws(ProgramFailure) -> Int {
        if case .file(let bytes)? = try kind(path) { bytes } else { 0 }
    }

    /// Where a symbolic link leads; nil for what is none.
    static func linkTarget(_ path: String) -> String? {
        var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = bytes.withUnsafeMutableBytes { space in
            space.withMemoryRebound(to: CChar.self) { readlink(path, $0.baseAddress!, $0.count) }
        }
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }

    /// Refuses a symbolic link for a file to write: the new file would take the link's place, in the link's folder, and
    /// what the link leads to would stay as it was.
    static func refuseLink(_ path: String, _ arguments: Arguments) throws(ProgramFailure) {
        guard let target = linkTarget(path) else { return }
        let place = target.hasPrefix("/") ? target : split(path).folder + "/" + target
        throw arguments.refused("\(path) is a symbolic link to \(place): name that file itself")
    }

    /// The names in a folder, in no order.
    package static func names(in folder: String) throws(ProgramFailure) -> [String] {
        guard let stream = opendir(folder) else { throw failure("reading the folder \(folder)", errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 1) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Up to `limit` bytes of a file from `offset` on; nil if it is not there.
    package static func read(
        _ path: String, from offset: Int = 0, limit: Int
    ) throws(ProgramFailure) -> [UInt8]? {
        // A pipe without a writer is not waited for.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let code = errno
            if code == ENOENT { return nil }
            throw failure("opening \(path)", code)
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: limit)
        var count = 0
        while count < limit {
            let received = bytes.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress! + count, limit - count, off_t(offset + count))
            }
            if received == 0 { break }
            if received < 0 {
                if errno == EINTR { continue }
                throw failure("reading \(path)", errno)
            }
            count += received
        }
        return Array(bytes[..<count])
    }

    /// Removes a file; none is no failure.
    package static func remove(_ path: String) throws(ProgramFailure) {
        guard unlink(path) != 0 else { return }
        let code = errno
        if code != ENOENT { throw failure("removing \(path)", code) }
    }

    /// Has the names of a folder on the disk when it returns.
    package static func synchronize(_ folder: String) throws(ProgramFailure) {
        let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("opening the folder \(folder)", errno) }
        defer { close(descriptor) }
        // Some file systems have no such thing for folders; then there is nothing to wait for.
        if fsync(descriptor) != 0, errno != EINVAL, errno != EINTR {
            throw failure("writing the folder \(folder) to the disk", errno)
        }
    }

    static func failure(_ action: String, _ code: Int32) -> ProgramFailure {
        let advice =
            switch code {
            case ENOENT: "; make the folder first"
            case EACCES, EPERM, EROFS: "; run it as a user who may write there, or name another place"
            case ENOSPC, EDQUOT: "; make room, or name another place"
            default: ""
            }
        return ProgramFailure.unnamed(.ioFailed, "\(action) failed: \(String(cString: strerror(code)))\(advice)")
    }
}
