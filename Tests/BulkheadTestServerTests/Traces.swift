import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

/// A port of 127.0.0.1 held by this process.
struct Listener {
    private let descriptor: Int32

    init(port: Int) throws {
        descriptor = openStreamSocket(AF_INET)
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let bound = withUnsafeBytes(of: &address) {
            bind(descriptor, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
        }
        try #require(bound == 0 && listen(descriptor, 1) == 0)
    }

    func stop() { close(descriptor) }
}

/// Whether a process exists and is more than a zombie that waits for its parent.
func isAlive(_ process: Int32) -> Bool {
    guard kill(process, 0) == 0 else { return false }
    guard let line = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else {
        return kill(process, 0) == 0
    }
    return line.split(separator: ")").last?.dropFirst().first != "Z"
}

func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

/// The processes whose command line names a text, on systems that show command lines in /proc.
func processes(naming text: String) -> [String] {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return all.filter { entry in
        guard Int(entry) != nil, let line = FileManager.default.contents(atPath: "/proc/\(entry)/cmdline") else {
            return false
        }
        return String(decoding: line, as: UTF8.self).contains(text)
    }
}

/// Comes back once a condition holds; the test's time limit is the guard.
func eventually(_ holds: () -> Bool) async throws {
    while !holds() { try await Task.sleep(for: .milliseconds(5)) }
}

/// A folder for one test to look into, gone afterwards.
func withFolder<Result>(
    named name: String = "t", _ body: (String) async throws -> Result
) async throws -> Result {
    let folder = "/tmp/rts-\(UInt32.random(in: 0 ... .max))-\(name)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try await body(folder)
}

func contents(of folder: String) throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder) }
