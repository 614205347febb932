import Foundation

/// The servers of `Tests/fetch-servers` that are here.
public enum FetchedServers {
    /// A program that runs, by the family and the version in its folder's name.
    private struct Server {
        let path: String
        let family: String
        let version: [Int]
    }

    /// One server of each version, the installed one first.
    public static let programs: [String] = [installed] + servers.map(\.path)

    /// Where none is on PATH, the test that starts it says so.
    private static let installed: String = {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        return ["redis-server", "valkey-server"].first { name in
            folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(name)") }
        } ?? "redis-server"
    }()

    /// The newest of a family, `redis` or `valkey`; nil if none is here, or none of this version.
    public static func newest(_ family: String, atLeast least: Int) -> String? {
        let found = servers.filter { $0.family == family && $0.version.first ?? 0 >= least }
        return found.max { $0.version.lexicographicallyPrecedes($1.version) }?.path
    }

    static let folder: String = {
        let environment = ProcessInfo.processInfo.environment
        let cache = environment["XDG_CACHE_HOME"] ?? (environment["HOME"] ?? "") + "/.cache"
        return cache + "/bulkhead/servers"
    }()

    private static let servers: [Server] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.sorted().compactMap { name in
            // Others have a name of more parts, such as `redis-stack-7.4.1`, or no server in them.
            let parts = name.split(separator: "-")
            guard parts.count == 2 else { return nil }
            let path = "\(folder)/\(name)/\(parts[0])-server"
            guard FileManager.default.isExecutableFile(atPath: path) else { return nil }
            return Server(
                path: path, family: String(parts[0]), version: parts[1].split(separator: ".").compactMap { Int($0) })
        }
    }()
}
