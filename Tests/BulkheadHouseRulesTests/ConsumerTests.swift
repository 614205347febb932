import Foundation
import BulkheadTestSupport
import Testing

/// A user's package beside this one in one graph. A target's name must be the only one of a whole graph, so the user's
/// are called like ours without their prefix, and by short names that any program may have.
@Suite(.timeLimit(.minutes(20))) struct ConsumerTests {
    /// Of these the user's program is built, with this package's products.
    private static let shortNames = [
        "Benchmarks", "Codec", "Comparison", "ConsoleText", "Isolation", "Migration", "Redis", "RedisCommands",
        "RedisNetworking", "RedisTestServer", "Throughput", "ToolSpeed",
    ]

    static let products = [
        "Bulkhead", "BulkheadModules", "BulkheadRESP", "BulkheadTestServer", "BulkheadConformance", "bulkhead",
    ]

    @Test func `every target carries this package's name, and the products are what others use`() throws {
        let manifest = try Manifest.ofThisPackage()
        for target in manifest.targets {
            #expect(target.name.hasPrefix("Bulkhead"), "\(target.name) could be the name of a user's target")
        }
        #expect(manifest.products.map(\.name) == Self.products)
    }

    @Test(.enabled(if: TestTier.hasTime))
    func `a package whose targets are called like ours builds beside it, by the README's lines, version or path`()
        throws
    {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("bulkhead-consumer-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        // A repository whose folder is not called like the package.
        let repository = folder.appendingPathComponent("another-name")
        try Self.publish(in: repository)

        let ours = try Manifest.ofThisPackage().targets.map { String($0.name.dropFirst("Bulkhead".count)) }
        let lines = try Self.readmeLines()
        let consumer = Consumer(in: folder, built: Self.shortNames, notBuilt: ours.filter { !$0.isEmpty })
        let address = try #require(lines.package.firstMatch(of: /url: "([^"]+)"/)?.1)
        let git = Self.gitSetting("url.\(repository.absoluteString).insteadOf", String(address))
        try consumer.writeSources()

        try consumer.writeManifest(lines.package, lines.products)
        try #require(try consumer.swift("build", ["--product", "Consumer"], git) == 0)
        let ran = try Child.run(consumer.program, [])
        #expect(ran.status == 0)
        #expect(ran.output == "value \(Self.shortNames.joined(separator: " "))\n")

        // A package that is asked for by its version may not do all that others may, such as set unsafe flags.
        let byVersion = lines.package.replacing("branch: \"main\"", with: "from: \"1.0.0\"")
        #expect(byVersion != lines.package)
        try consumer.writeManifest(byVersion, lines.products)
        #expect(try consumer.swift("build", ["--target", "Codec"], git) == 0)

        // What it would compile is the same again: that the graph loads is enough.
        let products = lines.products.map { $0.replacing(/package: "[^"]+"/, with: "package: \"another-name\"") }
        try consumer.writeManifest(".package(path: \"\(repository.path)\")", products)
        #expect(try consumer.swift("build", ["--target", "Codec"], git) == 0)
    }

    /// This package as a git repository with a version.
    private static func publish(in repository: URL) throws {
        try FileManager.default.createDirectory(at: repository, withIntermediateDirectories: true)
        for entry in ["Package.swift", "Sources", "Tests", "Benchmarks", "README.md"] {
            try FileManager.default.copyItem(
                at: Repository.root.appendingPathComponent(entry), to: repository.appendingPathComponent(entry))
        }
        let author = ["-c", "user.name=Bulkhead", "-c", "user.email=bulkhead@localhost", "-c", "commit.gpgsign=false"]
        for words in [
            ["init", "-q", "-b", "main"], ["add", "-A"], author + ["commit", "-q", "-m", "All"], ["tag", "1.0.0"],
        ] {
            #expect(try Child.run("/usr/bin/env", ["git", "-C", repository.path] + words).status == 0)
        }
    }

    /// The lines for a manifest that the README gives.
    private static func readmeLines() throws -> (package: String, products: [String]) {
        let blocks = try ReadmeTests.blocks(of: "swift", in: try Repository.text("README.md"))
        let lines = try #require(blocks.first { $0.hasPrefix(".package") }).split(separator: "\n").map { line in
            // Without the comma and the comment.
            String(line[..<(try #require(line.lastIndex(of: ")"), "\(line)"))] + ")")
        }
        #expect(lines.count == 5)
        return (lines[0], Array(lines.dropFirst()))
    }

    /// A setting of git's, on top of those that the environment has already.
    private static func gitSetting(_ name: String, _ value: String) -> [String: String] {
        let count = ProcessInfo.processInfo.environment["GIT_CONFIG_COUNT"].flatMap(Int.init) ?? 0
        return [
            "GIT_CONFIG_COUNT": "\(count + 1)", "GIT_CONFIG_KEY_\(count)": name, "GIT_CONFIG_VALUE_\(count)": value,
        ]
    }
}

/// What SwiftPM reads out of a manifest.
private struct Manifest: Decodable {
    struct Named: Decodable { let name: String }
    let products: [Named]
    let targets: [Named]

    static func ofThisPackage() throws -> Manifest {
        // Another build folder, as `swift test` holds the usual one while this runs.
        let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("bulkhead-manifest-\(UUID())")
        defer { try? FileManager.default.removeItem(at: scratch) }
        let dumped = try Child.run(
            "/usr/bin/env",
            [
                "swift", "package", "--package-path", Repository.root.path, "--scratch-path", scratch.path,
                "dump-package",
            ])
        try #require(dumped.status == 0)
        return try JSONDecoder().decode(Manifest.self, from: Data(dumped.output.utf8))
    }
}
