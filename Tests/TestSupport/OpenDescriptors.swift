import Foundation

/// Descriptors this process has open on sockets right now; nil where the system does not tell.
public func openSocketCount() -> Int? {
    let folder = "/proc/self/fd"
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else { return nil }
    return names.filter { name in
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)"))?.hasPrefix("socket:") == true
    }.count
}

/// Asks `condition` until it holds, or has not for `attempts` × 10 ms: for what happens by itself.
///
/// A minute is far more than any effect takes, so that a slow day changes nothing; a test that passes does not wait for
/// it.
public func eventually(attempts: Int = 6_000, _ condition: () async throws -> Bool) async rethrows -> Bool {
    for _ in 0..<attempts {
        if try await condition() { return true }
        try? await Task.sleep(for: .milliseconds(10))
    }
    return try await condition()
}
