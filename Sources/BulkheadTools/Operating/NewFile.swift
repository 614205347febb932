import BulkheadConsole

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A file that appears under its name whole and on the disk, or not at all.
///
/// ```
/// create   .knowledge.rdb-8f3c….partial beside it, locked, of a backup readable for its owner alone
/// write    …
/// finish   fsync: a full disk is noticed here at the latest
/// publish  rename to knowledge.rdb, fsync of the folder
/// ```
/// Dropped before it is published, it removes what it has written. What a process leaves that was killed, the next
/// one removes (``removeLeftOver(in:where:)``): a lock shows whether the writer still runs.
package final class NewFile {
    /// Where it appears.
    package let path: String
    /// Bytes written.
    package private(set) var count = 0
    private let partial: String
    private let descriptor: Int32
    private var isPublished = false

    static let partialSuffix = ".partial"

    /// Creates the partial file. Throws if the folder is missing or may not be written to.
    ///
    /// - Parameter isPrivate: for its owner alone, as a backup is; else for whomever the umask lets.
    package init(at path: String, isPrivate: Bool = true) throws(ProgramFailure) {
        self.path = path
        while true {
            let random = String(UInt64.random(in: 0 ... .max), radix: 16)
            let (folder, name) = FilePath.split(path)
            let partial = folder + "/.\(name)-\(random)\(Self.partialSuffix)"
            let descriptor = open(partial, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, isPrivate ? 0o600 : 0o666)
            guard descriptor >= 0 else {
                let code = errno
                if code == EEXIST || code == EINTR { continue }
                throw FilePath.failure("creating a file in \(folder)", code)
            }
            // Between these two somebody may have taken it for left over; then it has no name any more.
            var status = stat()
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0, fstat(descriptor, &status) == 0, status.st_nlink == 1 {
                self.partial = partial
                self.descriptor = descriptor
                return
            }
            close(descriptor)
        }
    }

    deinit {
        close(descriptor)
        if !isPublished { unlink(partial) }
    }

    /// Writes all bytes; throws if the disk is full or broken.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(ProgramFailure) {
        var rest = bytes
        while !rest.isEmpty {
            let written = systemWrite(descriptor, rest.baseAddress, rest.count)
            if written > 0 {
                count += written
                rest = UnsafeRawBufferPointer(rebasing: rest[written...])
            } else if written == 0 || errno != EINTR {
                throw FilePath.failure("writing \(path)", written == 0 ? ENOSPC : errno)
            }
        }
    }

    /// Has everything on the disk when it returns.
    package func finish() throws(ProgramFailure) {
        while fsync(descriptor) != 0 {
            if errno != EINTR { throw FilePath.failure("writing \(path) to the disk", errno) }
        }
    }

    /// Gives the finished file its name; a file of that name is replaced, or with `replacing` false the failure.
    package func publish(replacing: Bool) throws(ProgramFailure) {
        if replacing {
            guard rename(partial, path) == 0 else { throw FilePath.failure("replacing \(path)", errno) }
        } else {
            guard try appear(as: path) else { throw FilePath.failure("creating \(path)", EEXIST) }
        }
        isPublished = true
        try FilePath.synchronize(FilePath.split(path).folder)
    }

    /// Gives the finished file another name in its folder; false, and nothing is done, if something has that name.
    package func publish(asNew path: String) throws(ProgramFailure) -> Bool {
        guard try appear(as: path) else { return false }
        isPublished = true
        try FilePath.synchronize(FilePath.split(path).folder)
        return true
    }

    /// A link never replaces; file systems without links get a rename behind a look. False if something is there.
    private func appear(as path: String) throws(ProgramFailure) -> Bool {
        if link(partial, path) == 0 {
            unlink(partial)
            return true
        }
        let code = errno
        if code == EEXIST { return false }
        guard [EPERM, ENOTSUP, EOPNOTSUPP, ENOSYS].contains(code) else {
            throw FilePath.failure("creating \(path)", code)
        }
        if access(path, F_OK) == 0 { return false }
        guard rename(partial, path) == 0 else { throw FilePath.failure("creating \(path)", errno) }
        return true
    }

    /// Removes what writers have left that are gone, of files whose names are our own; other programs call their
    /// unfinished files partial, too.
    package static func removeLeftOver(in folder: String, where isOwn: (_ name: String) -> Bool) {
        for name in (try? FilePath.names(in: folder)) ?? [] {
            guard let whole = nameOfWhole(name), isOwn(whole) else { continue }
            let path = folder + "/" + name
            let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
            guard descriptor >= 0 else { continue }
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink(path) }
            close(descriptor)
        }
    }
}

extension NewFile {
    /// Throws, before any work is done for it, where no page can be written: in place of a folder, a pipe, or a
    /// symbolic link, or where there is no such folder.
    static func require(_ path: String, _ arguments: Arguments) throws(ProgramFailure) {
        switch try FilePath.kind(path) {
        case .folder: throw arguments.refused("\(path) is a folder: name a file in it")
        case .other: throw arguments.refused("\(path) is no file: name one")
        case .file, nil: break
        }
        try FilePath.refuseLink(path, arguments)
        // Dropped with this line.
        _ = try NewFile(at: path, isPrivate: false)
    }

    /// Writes a page or another text that others may read, in place of what is there: never half of it.
    static func write(_ text: String, to path: String) throws(ProgramFailure) {
        let file = try NewFile(at: path, isPrivate: false)
        let bytes = Array(text.utf8)
        try bytes.span.withUnsafeBytes { space throws(ProgramFailure) in try file.write(space) }
        try file.finish()
        try file.publish(replacing: true)
    }

    /// The name that a partial file would have got; nil for one that is not named as ours are.
    static func nameOfWhole(_ partial: String) -> String? {
        guard partial.hasPrefix("."), partial.hasSuffix(partialSuffix) else { return nil }
        let stem = partial.dropFirst().dropLast(partialSuffix.count)
        guard let dash = stem.lastIndex(of: "-") else { return nil }
        let random = stem[stem.index(after: dash)...]
        guard (1...16).contains(random.utf8.count),
            random.utf8.allSatisfy({
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            })
        else { return nil }
        return dash == stem.startIndex ? nil : String(stem[..<dash])
    }
}

// A member named write hides the function.
private func systemWrite(_ descriptor: Int32, _ start: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, start, count)
}
