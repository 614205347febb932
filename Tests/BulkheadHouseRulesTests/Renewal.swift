import Foundation

/// Pages that are written out of the code: a test compares them, and `Tests/renew` writes them.
enum Renewal {
    static let isWanted = ProcessInfo.processInfo.environment["BULKHEAD_RENEW"] != nil

    static func write(_ text: String, to path: String) throws {
        let url = Repository.root.appendingPathComponent(path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: url, atomically: true, encoding: .utf8)
    }
}
