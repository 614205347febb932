#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A pattern for paths, as in .gitignore: components match as fnmatch(3) says, and `**` stands for any number of them.
///
/// Without a slash it is matched against each component, else against the path from its start. What matches a folder
/// matches all in it. Components match as a whole: `temp` matches neither `templates` nor `temporal_queue.py`.
package struct GlobPattern: Sendable {
    private let parts: [String]
    private let isForComponents: Bool

    /// More would cost time: each byte of a path may be held against each of the pattern.
    package static let longest = 1_024

    /// Nil if it is longer than `longest`.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.longest else { return nil }
        var parts = text.split(separator: "/").map(String.init)
        if parts.count > 1, parts[0] == "." { parts.removeFirst() }
        // What matches a folder's content matches each of its parts.
        if parts.count > 1, parts.last == "**" { parts[parts.count - 1] = "*" }
        self.parts = parts
        isForComponents = parts.count == 1 && !text.hasPrefix("/")
    }

    /// True if it matches the path or a folder that it lies in.
    package func matches(_ path: some Collection<UInt8>) -> Bool {
        let names = path.split(separator: UInt8(ascii: "/"))
        if isForComponents { return names.contains { Self.fits(parts[0], $0) } }
        // How many parts of the pattern the names so far may have used up.
        var reached: Set = [0]
        for name in names {
            var next: Set<Int> = []
            for start in reached {
                var part = start
                while part < parts.count, parts[part] == "**" {
                    next.insert(part)
                    part += 1
                }
                if part < parts.count, Self.fits(parts[part], name) { next.insert(part + 1) }
            }
            if next.contains(parts.count) { return true }
            reached = next
        }
        return false
    }

    private static func fits(_ part: String, _ name: some Sequence<UInt8>) -> Bool {
        (Array(name) + [0]).withUnsafeBytes { name in
            fnmatch(part, name.assumingMemoryBound(to: CChar.self).baseAddress!, 0) == 0
        }
    }
}
