import Foundation
import Testing

/// Imports point down only. A row names a target's folder and all the modules its files may import.
@Suite struct FloorTests {
    static let libc: Set = ["Glibc", "Musl", "Darwin"]
    static let essentials: Set = ["FoundationEssentials", "Foundation"]

    static let floors: [(folder: String, allowed: Set<String>)] = [
        ("Sources/BulkheadRESP", []),
        ("Sources/BulkheadRDB", []),
        ("Sources/BulkheadConsole", libc.union(["Dispatch"])),
        ("Sources/BulkheadLint", []),
        ("Sources/BulkheadConformance", libc),
        // What servers must do, and no Swift.
        ("Sources/ConformanceCases", []),
        // Facts, and no Swift.
        ("Sources/CommandTable", []),
        ("Sources/BulkheadCommands", ["BulkheadRESP"]),
        ("Sources/BulkheadNetworking", libc.union(["BulkheadRESP", "Dispatch", "Synchronization"])),
        (
            "Sources/Bulkhead",
            essentials.union(["BulkheadRESP", "BulkheadCommands", "BulkheadNetworking", "Synchronization"])
        ),
        ("Sources/BulkheadModules", ["BulkheadRESP", "BulkheadCommands", "Bulkhead"]),
        (
            "Sources/BulkheadTools",
            libc.union(essentials).union([
                "BulkheadRESP", "BulkheadRDB", "BulkheadConsole", "BulkheadLint", "BulkheadConformance", "Bulkhead",
                "Synchronization",
            ])
        ),
        ("Sources/BulkheadCLI", libc.union(["BulkheadTools"])),
        ("Sources/BulkheadFacadeGenerator", libc.union(essentials)),
        ("Sources/CommandTable", []),
        ("Sources/BulkheadTestServer", libc.union(["Synchronization"])),
        ("Benchmarks/Support", libc.union(["BulkheadConsole", "Synchronization"])),
        (
            "Benchmarks/Isolation",
            libc.union(essentials).union([
                "Bulkhead", "BulkheadBenchmarkSupport", "BulkheadTestServer", "Synchronization", "Dispatch",
            ])
        ),
        (
            "Benchmarks/Throughput",
            libc.union(essentials).union([
                "Bulkhead", "BulkheadBenchmarkSupport", "BulkheadTestServer", "Synchronization", "Dispatch",
            ])
        ),
        (
            "Benchmarks/Comparison",
            libc.union(essentials).union(["Bulkhead", "BulkheadBenchmarkSupport", "BulkheadTestServer"])
        ),
        (
            "Benchmarks/Migration",
            libc.union(["Bulkhead", "BulkheadBenchmarkSupport", "BulkheadTestServer"])
        ),
        (
            "Benchmarks/VectorSearch",
            libc.union(essentials).union(["Bulkhead", "BulkheadBenchmarkSupport", "BulkheadTestServer"])
        ),
        (
            "Benchmarks/Delivery",
            essentials.union(["Bulkhead", "BulkheadBenchmarkSupport", "BulkheadTestServer"])
        ),
        (
            "Benchmarks/ToolSpeed",
            libc.union(essentials).union(["Bulkhead", "BulkheadBenchmarkSupport", "BulkheadTestServer"])
        ),
        (
            "Benchmarks/Codec",
            libc.union(essentials).union(["BulkheadRESP", "BulkheadCommands", "BulkheadBenchmarkSupport"])
        ),
        (
            "Benchmarks/ClusterSpeed",
            libc.union(["Bulkhead", "BulkheadBenchmarkSupport", "BulkheadTestServer", "Dispatch"])
        ),
        ("Benchmarks/BulkReading", libc.union(["Dispatch", "Synchronization"])),
        (
            "Tests/MigrationKills",
            libc.union(["Bulkhead", "BulkheadBenchmarkSupport", "BulkheadTestServer", "Synchronization"])
        ),
        ("Tests/MovingProgram", ["Bulkhead"]),
        (
            "Tests/FaultTable",
            libc.union(["Bulkhead", "BulkheadBenchmarkSupport", "BulkheadTestServer", "Synchronization"])
        ),
        ("Tests/LockFaults", libc.union(["Bulkhead", "BulkheadBenchmarkSupport", "BulkheadTestServer"])),
        ("Tests/ConsumerKills", libc.union(["Bulkhead", "BulkheadBenchmarkSupport", "BulkheadTestServer"])),
        ("Tests/StaleReads", ["Bulkhead", "BulkheadBenchmarkSupport", "BulkheadTestServer", "Synchronization"]),
        (
            "Tests/Soak",
            libc.union(["Bulkhead", "BulkheadBenchmarkSupport", "BulkheadTestServer", "Synchronization"])
        ),
        ("Tests/RDBBodies", ["BulkheadRDB"]),
        ("Tests/RESPComparison", ["BulkheadRESP"]),
        (
            "Tests/Fuzzer",
            libc.union(essentials).union([
                "BulkheadRESP", "BulkheadRESPComparison", "BulkheadRDB", "BulkheadRDBBodies", "BulkheadNetworking",
                "Bulkhead", "BulkheadBenchmarkSupport",
            ])
        ),
    ]

    @Test(arguments: floors.map(\.folder))
    func `a floor imports only what lies below it`(folder: String) throws {
        let allowed = try #require(Self.floors.first { $0.folder == folder }).allowed
        for file in try Repository.swiftFiles(in: folder) {
            for module in try Self.imports(of: file) where !allowed.contains(module) {
                Issue.record("\(file) imports \(module), which \(folder) may not")
            }
        }
    }

    @Test func `every folder of sources stands in the table`() throws {
        for parent in ["Sources", "Benchmarks"] {
            let url = Repository.root.appendingPathComponent(parent)
            for name in try FileManager.default.contentsOfDirectory(atPath: url.path) {
                var isFolder: ObjCBool = false
                _ = FileManager.default.fileExists(atPath: "\(url.path)/\(name)", isDirectory: &isFolder)
                guard isFolder.boolValue, name != "Results" else { continue }
                #expect(Self.floors.contains { $0.folder == "\(parent)/\(name)" }, "\(parent)/\(name) has no floor")
            }
        }
    }

    @Test func `full Foundation is imported only where FoundationEssentials does not exist`() throws {
        for file in try Repository.swiftFiles(in: "Sources") + Repository.swiftFiles(in: "Benchmarks") {
            let lines = try Repository.text(file).split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
            for (index, line) in lines.enumerated() where Self.module(of: line) == "Foundation" {
                #expect(index > 0 && lines[index - 1] == "#else", "\(file) imports Foundation without a choice")
            }
        }
    }

    private static func imports(of file: String) throws -> Set<String> {
        Set(try Repository.text(file).split(separator: "\n").compactMap { module(of: String($0)) })
    }

    /// The module a line imports; nil if it imports none.
    private static func module(of line: String) -> String? {
        let words = line.split(separator: " ")
        guard let index = words.firstIndex(of: "import"), index + 1 < words.count else { return nil }
        let before: Set<Substring> = [
            "public", "package", "internal", "private", "@testable", "@_exported", "@preconcurrency",
        ]
        guard words[..<index].allSatisfy({ before.contains($0) }) else { return nil }
        // `import struct Module.Type` names a module too.
        let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "let", "var", "typealias"]
        let name = kinds.contains(words[index + 1]) ? words[index + 2] : words[index + 1]
        return name.split(separator: ".").first.map { String($0) }
    }
}
