import BulkheadBenchmarkSupport
import BulkheadTestServer

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A network namespace beside this program's, with one cable between the two, which can be cut.
///
/// A process holds the namespace. It ends with this program, however that ends, and cable and namespace with it.
final class Network {
    private let holder: ChildProcess
    private let pid: Int
    private let cable = "bhf\(getpid())"

    /// Of the server there, and of this program as that server sees it: from the range for tests of networks.
    let there = "198.18.\(getpid() / 60 % 250).\(getpid() % 60 * 4 + 2)"
    let here = "198.18.\(getpid() / 60 % 250).\(getpid() % 60 * 4 + 1)"

    /// What starts a program there.
    var prefix: [String] { ["nsenter", "-t", "\(pid)", "-n"] }
    /// Where a server of a group is then.
    var place: ServerPlace { ServerPlace(launchPrefix: prefix, host: there, otherHost: here) }

    init() throws {
        guard geteuid() == 0 else { throw Skipped(reason: "a network namespace needs root") }
        for program in ["ip", "nsenter", "unshare"] {
            let found = try ChildProgram.run(["sh", "-c", "command -v \(program)"], silenced: true)
            guard found.exitCode == 0 else { throw Skipped(reason: "there is no program \(program)") }
        }
        holder = try ChildProcess(
            ["unshare", "-n", "sh", "-c", "echo $$; read line"], input: .pipe, output: .pipe, errors: .null)
        var line = [UInt8](repeating: 0, count: 32)
        let count = max(0, read(holder.output, &line, line.count))
        guard let number = Int(String(decoding: line[..<count], as: UTF8.self).filter(\.isNumber)) else {
            throw Skipped(reason: "this system gives no network namespace")
        }
        pid = number
        do {
            try Self.run(["ip", "link", "add", cable, "type", "veth", "peer", "name", "there", "netns", "\(pid)"])
            try Self.run(["ip", "addr", "add", here + "/30", "dev", cable])
            try Self.run(["ip", "link", "set", cable, "up"])
            for words in [["link", "set", "lo", "up"], ["addr", "add", there + "/30", "dev", "there"]] {
                try Self.run(prefix + ["ip"] + words)
            }
            try mend()
        } catch {
            end()
            throw Skipped(reason: "\(error)")
        }
    }

    /// From now on nothing arrives, in either direction, and nobody is told.
    func cut() throws { try Self.run(prefix + ["ip", "link", "set", "there", "down"]) }

    func mend() throws { try Self.run(prefix + ["ip", "link", "set", "there", "up"]) }

    func end() {
        // The namespace goes when it likes, and the cable would stay as long.
        try? Self.run(["ip", "link", "del", cable])
        holder.send(SIGKILL)
        _ = holder.wait()
    }

    private static func run(_ words: [String]) throws {
        let result = try ChildProgram.run(words, silenced: true)
        guard result.exitCode == 0 else { throw ProgramError("\(words.joined(separator: " ")) failed") }
    }
}
