import BulkheadBenchmarkSupport

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// An /etc/hosts that only this program sees, so that the address of a name can change for real. That needs root.
enum PrivateHosts {
    static let name = "moving.bulkhead.test"

    /// Runs the program again, in a mount namespace of its own where that is allowed; its exit code.
    static func run(_ settings: Settings) throws -> Int32 {
        let own = [CommandLine.arguments[0], "--part"] + CommandLine.arguments.dropFirst()
        guard geteuid() == 0, let folder = makeFolder() else { return try ChildProcess(own).wait().exitCode }
        defer {
            unlink(folder + "/hosts")
            rmdir(folder)
        }
        let hosts = folder + "/hosts"
        let script = #"cat /etc/hosts >"$0" && mount --bind "$0" /etc/hosts && exec "$@" --hosts "$0""#
        let isAllowed = try ChildProgram.run(
            ["unshare", "-m", "sh", "-c", #"cat /etc/hosts >"$0" && mount --bind "$0" /etc/hosts"#, hosts],
            silenced: true)
        if isAllowed.exitCode != 0 { return try ChildProcess(own).wait().exitCode }
        return try ChildProcess(["unshare", "-m", "sh", "-c", script, hosts] + own).wait().exitCode
    }

    /// Gives the name an address, 127.0.0.1 or another one of as many bytes: whoever reads meanwhile sees one of both.
    static func point(to address: String, in file: String, before: String) throws {
        let descriptor = open(file, O_WRONLY)
        defer { close(descriptor) }
        let line = Array("\(address) \(name)\n".utf8)
        guard descriptor >= 0, pwrite(descriptor, line, line.count, off_t(before.utf8.count)) == line.count else {
            throw ProgramError("\(file) cannot be written")
        }
    }

    static func read(_ file: String) throws -> String {
        let descriptor = open(file, O_RDONLY)
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard descriptor >= 0, count >= 0 else { throw ProgramError("\(file) cannot be read") }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    static func write(_ text: String, to file: String) throws {
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard descriptor >= 0, pwrite(descriptor, bytes, bytes.count, 0) == bytes.count else {
            throw ProgramError("\(file) cannot be written")
        }
    }

    static func remove(_ file: String) { unlink(file) }

    private static func makeFolder() -> String? {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        let folder = "\(parent)/bulkhead-hosts-\(getpid())"
        return mkdir(folder, 0o700) == 0 ? folder : nil
    }
}
