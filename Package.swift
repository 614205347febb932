// swift-tools-version: 6.2
import PackageDescription

// Imports point down only. The manifest alone does not hold that: Tests/run builds with
// --explicit-target-dependency-import-check error, and HouseRulesTests reads every file's imports.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    // An async function runs where its caller runs: a command never hops executors on its way.
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

func tests(_ name: String, of dependencies: Target.Dependency...) -> Target {
    .testTarget(name: name, dependencies: dependencies + ["TestSupport"], swiftSettings: settings)
}

let package = Package(
    name: "Bulkhead",
    platforms: [.macOS(.v15), .iOS(.v18), .tvOS(.v18), .visionOS(.v2)],
    products: [
        .library(name: "Bulkhead", targets: ["Bulkhead"]),
        .library(name: "BulkheadTools", targets: ["BulkheadTools"]),
        .library(name: "RESP", targets: ["RESP"]),
        .library(name: "RedisTestServer", targets: ["RedisTestServer"]),
        .executable(name: "bulkhead", targets: ["BulkheadCLI"]),
        .executable(name: "isolation", targets: ["Isolation"]),
        .executable(name: "throughput", targets: ["Throughput"]),
        .executable(name: "codec", targets: ["Codec"]),
        .executable(name: "comparison", targets: ["Comparison"]),
        .executable(name: "migration", targets: ["Migration"]),
        .executable(name: "toolspeed", targets: ["ToolSpeed"]),
    ],
    targets: [
        // Floor 0: bytes to values and back; no I/O, no imports.
        .target(name: "RESP", swiftSettings: settings),
        .target(name: "RDB", swiftSettings: settings),

        // Floor 0 as well: numbers, tables and progress, for people who read a terminal.
        .target(name: "ConsoleText", swiftSettings: settings),

        // Floor 1: what can be said, and how it gets there.
        .target(name: "RedisCommands", dependencies: ["RESP"], swiftSettings: settings),
        .target(name: "RedisNetworking", dependencies: ["RESP"], swiftSettings: settings),

        // Floor 2: the one import.
        .target(
            name: "Bulkhead", dependencies: ["RESP", "RedisCommands", "RedisNetworking"], swiftSettings: settings),

        // Floor 3: what the programs do, as a library.
        .target(
            name: "BulkheadTools", dependencies: ["RESP", "RDB", "ConsoleText", "Bulkhead"], swiftSettings: settings),

        // Floor 4: the programs. On a case-insensitive disk Sources/bulkhead would be Sources/Bulkhead.
        .executableTarget(name: "BulkheadCLI", dependencies: ["BulkheadTools"], swiftSettings: settings),
        .target(
            name: "BenchmarkSupport", dependencies: ["ConsoleText"], path: "Benchmarks/Support",
            swiftSettings: settings),
        .executableTarget(
            name: "Isolation", dependencies: ["Bulkhead", "BenchmarkSupport", "RedisTestServer"],
            path: "Benchmarks/Isolation", swiftSettings: settings),
        .executableTarget(
            name: "Throughput", dependencies: ["Bulkhead", "BenchmarkSupport", "RedisTestServer"],
            path: "Benchmarks/Throughput", swiftSettings: settings),
        .executableTarget(
            name: "Codec", dependencies: ["RESP", "RedisCommands", "BenchmarkSupport"],
            path: "Benchmarks/Codec", swiftSettings: settings),
        // Benchmarks/compare runs it; on a case-insensitive disk Benchmarks/Compare would be that script.
        .executableTarget(
            name: "Comparison", dependencies: ["Bulkhead", "BenchmarkSupport", "RedisTestServer"],
            path: "Benchmarks/Comparison", swiftSettings: settings),
        // Benchmarks/migrate runs it.
        .executableTarget(
            name: "Migration", dependencies: ["Bulkhead", "BenchmarkSupport", "RedisTestServer"],
            path: "Benchmarks/Migration", swiftSettings: settings),
        // Benchmarks/tools runs it.
        .executableTarget(
            name: "ToolSpeed", dependencies: ["Bulkhead", "BenchmarkSupport", "RedisTestServer"],
            path: "Benchmarks/ToolSpeed", swiftSettings: settings),
        .executableTarget(name: "FacadeGenerator", swiftSettings: settings),

        // Beside the floors: a real server of one's own.
        .target(name: "RedisTestServer", swiftSettings: settings),

        // Tests. TestSupport holds the scripted server and what several suites share.
        .target(
            name: "TestSupport", dependencies: ["RESP", "RedisTestServer"],
            path: "Tests/TestSupport", swiftSettings: settings),
        .executableTarget(
            name: "ReadmeProgram", dependencies: ["Bulkhead", "RedisTestServer"], path: "Tests/ReadmeProgram",
            swiftSettings: settings),
        .executableTarget(
            name: "CrashingOwner", dependencies: ["RedisTestServer"], path: "Tests/CrashingOwner",
            swiftSettings: settings),
        // Tests/fuzz runs it.
        .executableTarget(
            name: "Fuzzer",
            dependencies: ["RESP", "RDB", "RDBBodies", "RedisNetworking", "Bulkhead", "BenchmarkSupport"],
            path: "Tests/Fuzzer", exclude: ["Finds"], swiftSettings: settings),
        // Tests/soak runs it.
        .executableTarget(
            name: "Soak", dependencies: ["Bulkhead", "BenchmarkSupport", "RedisTestServer"], path: "Tests/Soak",
            swiftSettings: settings),
        // Tests/migration-kills runs it.
        .executableTarget(
            name: "MigrationKills", dependencies: ["Bulkhead", "BenchmarkSupport", "RedisTestServer"],
            path: "Tests/MigrationKills", swiftSettings: settings),
        tests("RESPTests", of: "RESP"),
        // Writes bodies of values in all encodings, for RDBTests and the fuzzer.
        .target(name: "RDBBodies", dependencies: ["RDB"], path: "Tests/RDBBodies", swiftSettings: settings),
        tests("RDBTests", of: "RDB", "RDBBodies", "RESP", "Bulkhead", "RedisTestServer"),
        tests("RedisCommandsTests", of: "RESP", "RedisCommands"),
        tests("RedisNetworkingTests", of: "RESP", "RedisNetworking", "RedisTestServer"),
        tests("RedisTestServerTests", of: "RedisTestServer", "CrashingOwner"),
        tests("BulkheadTests", of: "RESP", "Bulkhead", "RedisTestServer"),
        tests("BulkheadToolsTests", of: "RESP", "RDB", "Bulkhead", "BulkheadTools", "BulkheadCLI", "RedisTestServer"),
        tests("ConsoleTextTests", of: "ConsoleText"),
        tests("BenchmarkSupportTests", of: "BenchmarkSupport"),
        tests(
            "HouseRulesTests",
            of: "RedisTestServer", "ReadmeProgram", "BulkheadCLI", "BenchmarkSupport", "Isolation", "Throughput",
            "Codec", "Comparison", "Migration", "ToolSpeed", "Fuzzer", "Soak", "MigrationKills"),
    ]
)
