#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The name of a server's folder. The guarding shell makes it, so that no moment leaves it unguarded.
enum PrivateFolder {
    /// A path that is new with near certainty, absolute, and short, because a unix socket's path is limited.
    static func path(in parent: String?) throws(RedisTestServerError) -> String {
        var parent = parent ?? getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        if parent.utf8.contains(0) {
            throw RedisTestServerError(.invalidOption, "Options(folderParent:) contains a NUL byte")
        }
        if parent.isEmpty { parent = "/tmp" }
        if !parent.hasPrefix("/") {
            guard let absolute = realpath(parent, nil) else {
                throw RedisTestServerError(
                    .folderUnusable, "cannot use the folder \(parent): \(SystemCall.errorText())")
            }
            defer { free(absolute) }
            parent = String(cString: absolute)
        }
        while parent.hasSuffix("/") { parent.removeLast() }
        let letters = Array("abcdefghijklmnopqrstuvwxyz234567")
        let name = (0..<8).map { _ in letters.randomElement() ?? "a" }
        return "\(parent)/redis-\(String(name))"
    }

    /// The path as part of a URL: all but unreserved characters and slashes as percent and two digits.
    static func percentEncoded(_ path: String) -> String {
        let kept = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/".utf8)
        let digits = Array("0123456789ABCDEF")
        return path.utf8.reduce(into: "") { text, byte in
            if kept.contains(byte) {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
            }
        }
    }
}
