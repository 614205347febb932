import Foundation

/// A user's package on disk: a program that talks to a server of its own, and targets with the given names.
struct Consumer {
    private let folder: URL
    private let built: [String]
    private let notBuilt: [String]

    init(in folder: URL, built: [String], notBuilt: [String]) {
        self.folder = folder
        self.built = built
        self.notBuilt = Set(notBuilt).subtracting(built).sorted()
    }

    private var package: URL { folder.appendingPathComponent("Consumer") }
    private var scratch: URL { folder.appendingPathComponent("build") }
    var program: String { scratch.appendingPathComponent("debug/Consumer").path }

    /// `products` are for the program.
    func writeManifest(_ dependency: String, _ products: [String]) throws {
        let libraries = (built + notBuilt).map { "        .target(name: \"\($0)\"),\n" }.joined()
        let words = built.map { "\"\($0)\"" }.joined(separator: ", ")
        try write(
            """
            // swift-tools-version: 6.2
            import PackageDescription

            let package = Package(
                name: "Consumer",
                platforms: [.macOS(.v15)],
                dependencies: [\(dependency)],
                targets: [
            \(libraries)
                    .executableTarget(name: "Consumer", dependencies: [\(words), \(products.joined(separator: ", "))]),
                ]
            )

            """, to: "Package.swift")
    }

    func writeSources() throws {
        for name in built + notBuilt {
            try write("public let wordOf\(name) = \"\(name)\"\n", to: "Sources/\(name)/Word.swift")
        }
        try write(
            """
            import Bulkhead
            import BulkheadTestServer
            \(built.map { "import \($0)\n" }.joined())
            let server = try RedisTestServer.start()
            defer { server.stop() }
            let databases = try RedisDatabases(url: server.url)
            try await databases[.main].set("key", "value")
            let value = try await databases[.main].get("key") ?? "nothing"
            await databases.close()
            print(value, \(built.map { "wordOf\($0)" }.joined(separator: ", ")))

            """, to: "Sources/Consumer/main.swift")
    }

    /// Runs SwiftPM on it, without what this user's SwiftPM remembers of other packages; its exit code.
    func swift(_ command: String, _ words: [String], _ environment: [String: String]) throws -> Int32 {
        let own = ["cache", "config", "security"].flatMap {
            ["--\($0)-path", folder.appendingPathComponent($0).path]
        }
        let place = ["--package-path", package.path, "--scratch-path", scratch.path]
        let ran = try Child.run("/usr/bin/env", ["swift", command] + place + own + words, environment: environment)
        if ran.status != 0 { print(ran.output) }
        return ran.status
    }

    private func write(_ text: String, to path: String) throws {
        let url = package.appendingPathComponent(path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: url, atomically: true, encoding: .utf8)
    }
}
