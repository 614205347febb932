#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The server program: where it is, and what it says it is.
enum ServerBinary {
    /// The path of the program that was asked for, or of the first known server on PATH.
    static func locate(_ asked: String?) throws(RedisTestServerError) -> String {
        guard let asked else {
            for name in ["redis-server", "valkey-server"] {
                if let path = onPath(name) { return path }
            }
            throw RedisTestServerError(
                .serverNotFound,
                "no redis-server or valkey-server on PATH: install one (apt-get install redis-server, "
                    + "brew install redis), or pass Options(binary:)")
        }
        if asked.contains("/") {
            if isProgram(asked) { return asked }
            throw RedisTestServerError(
                .serverNotFound, "there is no program at \(asked): pass the path of a redis-server or valkey-server "
                    + "that may be executed as Options(binary:), or none to search PATH")
        }
        if let path = onPath(asked) { return path }
        throw RedisTestServerError(
            .serverNotFound, "no \(asked) on PATH: install it, or pass its path as Options(binary:)")
    }

    /// Flavour and version out of "Redis server v=7.0.15 sha=…" or "Valkey server v=8.1.0 sha=…".
    static func identity(line: String) -> (flavour: RedisTestServer.Flavour, version: String) {
        let words = line.split(separator: " ")
        let version = words.first { $0.hasPrefix("v=") }?.dropFirst(2) ?? ""
        return (words.first?.lowercased() == "valkey" ? .valkey : .redis, String(version))
    }

    /// The same out of the log of a start: "… # Redis version=7.0.15, bits=64, …".
    static func identity(log: String) -> (flavour: RedisTestServer.Flavour, version: String)? {
        let mark = " version="
        for line in log.split(separator: "\n") where line.contains(mark) {
            let words = line.split(separator: " ")
            guard let index = words.firstIndex(where: { $0.hasPrefix(mark.dropFirst()) }), index > 0,
                let flavour = RedisTestServer.Flavour(rawValue: words[index - 1].lowercased())
            else { continue }
            return (flavour, String(words[index].dropFirst(mark.count - 1).prefix { $0 != "," }))
        }
        return nil
    }

    private static func onPath(_ name: String) -> String? {
        guard let path = getenv("PATH") else { return nil }
        for folder in String(cString: path).split(separator: ":") {
            let candidate = "\(folder)/\(name)"
            if isProgram(candidate) { return candidate }
        }
        return nil
    }

    private static func isProgram(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }
}
