#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The server program: where it is, and what it says it is.
enum ServerBinary {
    /// Names the program where no test does: the same tests can so run against one server after another.
    static let variable = "REDIS_TEST_SERVER"

    /// The path of the program that was asked for, else by the environment, else of the first known server on PATH.
    static func locate(_ asked: String?) throws(RedisTestServerError) -> String {
        if let asked { return try find(asked, advice: "as Options(binary:), or none to search PATH") }
        let wanted = getenv(variable).map { String(cString: $0) } ?? ""
        if wanted.isEmpty {
            for name in ["redis-server", "valkey-server"] {
                if let path = onPath(name) { return path }
            }
            throw RedisTestServerError(
                .serverNotFound,
                "no redis-server or valkey-server on PATH: install one (apt-get install redis-server, "
                    + "brew install redis), or pass Options(binary:)")
        }
        return try find(wanted, advice: "in \(variable), or unset it to search PATH")
    }

    private static func find(_ name: String, advice: String) throws(RedisTestServerError) -> String {
        if name.contains("/") {
            if isProgram(name) { return name }
            throw RedisTestServerError(
                .serverNotFound,
                "there is no program at \(name): name a redis-server or valkey-server "
                    + "that may be executed \(advice)")
        }
        if let path = onPath(name) { return path }
        throw RedisTestServerError(
            .serverNotFound, "no \(name) on PATH: install it, or give its path \(advice)")
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
