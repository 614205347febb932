import Foundation

/// A new folder with files, removed when the body is over.
func withFolder(
    _ files: [String: String] = [:], _ body: (URL) async throws -> Void
) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("bulkhead-lint-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, text) in files { try write(text, to: name, in: folder) }
    try await body(folder)
}

func write(_ text: String, to name: String, in folder: URL) throws {
    let file = folder.appendingPathComponent(name)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
}

/// Runs a line of sh in a folder, where it finds `bulkhead` and git, which knows who it is and nothing of its user.
func shell(_ line: String, in folder: URL) async throws -> Bulkhead.Outcome {
    let git = "GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null HOME=/nowhere"
    let who = "GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b"
    return try await Bulkhead.shell("cd '\(folder.path)' || exit 99; export \(git) \(who); \(line)")
}
