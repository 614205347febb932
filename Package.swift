// swift-tools-version: 6.2
import PackageDescription

// Imports point down only. The manifest alone does not hold that: Tests/run builds with
// --explicit-target-dependency-import-check error, and BulkheadHouseRulesTests reads every file's imports.
// Warnings are errors in Tests/run only: a newer compiler's warning must not stop a user's build.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    // An async function runs where its caller runs: a command never hops executors on its way.
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

func library(_ name: String, path: String? = nil, of dependencies: Target.Dependency...) -> Target {
    .target(name: name, dependencies: dependencies, path: path, swiftSettings: settings)
}

func program(
    _ name: String, path: String? = nil, exclude: [String] = [], of dependencies: Target.Dependency...
) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies, path: path, exclude: exclude, swiftSettings: settings)
}

func tests(_ name: String, of dependencies: Target.Dependency...) -> Target {
    .testTarget(name: name, dependencies: dependencies + ["BulkheadTestSupport"], swiftSettings: settings)
}

// Every target carries our name, as a module's name must be the only one of a whole graph.
let package = Package(
    name: "Bulkhead",
    platforms: [.macOS(.v15), .iOS(.v18), .tvOS(.v18), .visionOS(.v2)],
    // What others use. BulkheadRDB, BulkheadLint and BulkheadTools are none: what they hold is for this package and
    // may change.
    // A graph that this package is in sees these and the targets they need, and none of the programs and tests.
    products: [
        .library(name: "Bulkhead", targets: ["Bulkhead"]),
        .library(name: "BulkheadModules", targets: ["BulkheadModules"]),
        .library(name: "BulkheadRESP", targets: ["BulkheadRESP"]),
        .library(name: "BulkheadTestServer", targets: ["BulkheadTestServer"]),
        .library(name: "BulkheadConformance", targets: ["BulkheadConformance"]),
        .executable(name: "bulkhead", targets: ["BulkheadCLI"]),
    ],
    targets: [
        // Floor 0: bytes to values and back; no I/O, no imports.
        library("BulkheadRESP"),
        library("BulkheadRDB"),

        // Floor 0 as well: what programs share that people call: arguments, screens, tables, progress, child processes.
        library("BulkheadConsole"),

        // Floor 0 as well: what a lint finds in the bytes of a file.
        library("BulkheadLint"),

        // Floor 1: what can be said, and how it gets there.
        library("BulkheadCommands", of: "BulkheadRESP"),
        library("BulkheadNetworking", of: "BulkheadRESP"),

        // Floor 2: the one import.
        library("Bulkhead", of: "BulkheadRESP", "BulkheadCommands", "BulkheadNetworking"),

        // Beside it: the commands that modules add to a server, which most programs never say.
        library("BulkheadModules", of: "BulkheadRESP", "BulkheadCommands", "Bulkhead"),

        // Beside them: what a server that speaks RESP must do, and the judge of it. It has sockets of its own, so that it
        // judges the server and not the client.
        library("BulkheadConformance"),

        // Floor 3: what the program does, as a library.
        library(
            "BulkheadTools", of: "BulkheadRESP", "BulkheadRDB", "BulkheadConsole", "BulkheadLint",
            "BulkheadConformance", "Bulkhead"),

        // Floor 4: the program. On a case-insensitive disk Sources/bulkhead would be Sources/Bulkhead.
        program("BulkheadCLI", of: "BulkheadTools"),

        // Beside the floors: a real server of one's own, and what writes the command methods.
        library("BulkheadTestServer"),
        program("BulkheadFacadeGenerator"),

        // Benchmarks. They and the test programs stay in this package, as they use what is `package` in it.
        library("BulkheadBenchmarkSupport", path: "Benchmarks/Support", of: "BulkheadConsole"),
        // Benchmarks/run runs it.
        program(
            "BulkheadIsolationBenchmark", path: "Benchmarks/Isolation",
            of: "Bulkhead", "BulkheadBenchmarkSupport", "BulkheadTestServer"),
        program(
            "BulkheadThroughputBenchmark", path: "Benchmarks/Throughput",
            of: "Bulkhead", "BulkheadBenchmarkSupport", "BulkheadTestServer"),
        program(
            "BulkheadCodecBenchmark", path: "Benchmarks/Codec",
            of: "BulkheadRESP", "BulkheadCommands", "BulkheadBenchmarkSupport"),
        // Benchmarks/compare runs it; on a case-insensitive disk Benchmarks/Compare would be that script.
        program(
            "BulkheadComparisonBenchmark", path: "Benchmarks/Comparison",
            of: "Bulkhead", "BulkheadBenchmarkSupport", "BulkheadTestServer"),
        // Benchmarks/migrate runs it.
        program(
            "BulkheadMigrationBenchmark", path: "Benchmarks/Migration",
            of: "Bulkhead", "BulkheadBenchmarkSupport", "BulkheadTestServer"),
        // Benchmarks/tools runs it.
        program(
            "BulkheadToolsBenchmark", path: "Benchmarks/ToolSpeed",
            of: "Bulkhead", "BulkheadBenchmarkSupport", "BulkheadTestServer"),

        // Benchmarks/vectors runs it.
        program(
            "BulkheadVectorsBenchmark", path: "Benchmarks/VectorSearch", exclude: ["search.py"],
            of: "Bulkhead", "BulkheadBenchmarkSupport", "BulkheadTestServer"),

        // Benchmarks/messages runs it.
        program(
            "BulkheadDeliveryBenchmark", path: "Benchmarks/Delivery",
            of: "Bulkhead", "BulkheadBenchmarkSupport", "BulkheadTestServer"),

        // Benchmarks/cluster runs it; the folder has another name for the same reason as above.
        program(
            "BulkheadClusterBenchmark", path: "Benchmarks/ClusterSpeed",
            of: "Bulkhead", "BulkheadBenchmarkSupport", "BulkheadTestServer"),

        // Reading in bulk by a loop and by DispatchIO.
        program("BulkheadBulkReadingBenchmark", path: "Benchmarks/BulkReading"),

        // Tests. BulkheadTestSupport holds the scripted server and what several suites share.
        library(
            "BulkheadTestSupport", path: "Tests/TestSupport",
            of: "BulkheadRESP", "BulkheadConsole", "BulkheadTestServer"),
        // For the fuzzer and the tests of a floor: compares values, writes bodies in all encodings and cuts files.
        library("BulkheadRESPComparison", path: "Tests/RESPComparison", of: "BulkheadRESP"),
        library("BulkheadRDBBodies", path: "Tests/RDBBodies", of: "BulkheadRDB"),
        program("BulkheadReadmeProgram", path: "Tests/ReadmeProgram", of: "Bulkhead", "BulkheadTestServer"),
        // The same program wherever its names live; the tests move them.
        program("BulkheadMovingProgram", path: "Tests/MovingProgram", of: "Bulkhead"),
        // Shows that libdispatch crashes after hang-ups on Linux; see its first lines.
        program("BulkheadDispatchHangUps", path: "Tests/DispatchHangUps"),
        program("BulkheadCrashingOwner", path: "Tests/CrashingOwner", of: "BulkheadTestServer"),
        // Tests/fuzz runs it.
        program(
            "BulkheadFuzzer", path: "Tests/Fuzzer", exclude: ["Finds"],
            of: "BulkheadRESP", "BulkheadRESPComparison", "BulkheadRDB", "BulkheadRDBBodies", "BulkheadNetworking",
            "Bulkhead", "BulkheadBenchmarkSupport"),
        // Tests/soak runs it.
        program("BulkheadSoak", path: "Tests/Soak", of: "Bulkhead", "BulkheadBenchmarkSupport", "BulkheadTestServer"),
        // Tests/migration-kills runs it.
        program(
            "BulkheadMigrationKills", path: "Tests/MigrationKills",
            of: "Bulkhead", "BulkheadBenchmarkSupport", "BulkheadTestServer"),
        tests("BulkheadRESPTests", of: "BulkheadRESP", "BulkheadRESPComparison"),
        // Tests/consumer-kills runs it.
        program(
            "BulkheadConsumerKills", path: "Tests/ConsumerKills",
            of: "Bulkhead", "BulkheadBenchmarkSupport", "BulkheadTestServer"),
        // Tests/lock-faults runs it.
        program(
            "BulkheadLockFaults", path: "Tests/LockFaults",
            of: "Bulkhead", "BulkheadBenchmarkSupport", "BulkheadTestServer"),
        // Tests/fault-table runs it.
        program(
            "BulkheadFaultTable", path: "Tests/FaultTable",
            of: "Bulkhead", "BulkheadBenchmarkSupport", "BulkheadTestServer"),
        // Tests/stale-reads runs it.
        program(
            "BulkheadStaleReads", path: "Tests/StaleReads",
            of: "Bulkhead", "BulkheadBenchmarkSupport", "BulkheadTestServer"),
        tests(
            "BulkheadRDBTests", of: "BulkheadRDB", "BulkheadRDBBodies", "BulkheadRESP", "Bulkhead",
            "BulkheadTestServer"),
        tests("BulkheadCommandsTests", of: "BulkheadRESP", "BulkheadCommands"),
        tests("BulkheadNetworkingTests", of: "BulkheadRESP", "BulkheadNetworking", "BulkheadTestServer"),
        tests("BulkheadTestServerTests", of: "BulkheadTestServer", "BulkheadCrashingOwner"),
        tests(
            "BulkheadTests", of: "BulkheadRESP", "BulkheadCommands", "BulkheadNetworking", "Bulkhead",
            "BulkheadModules", "BulkheadTestServer"),
        tests(
            "BulkheadToolsTests", of: "BulkheadRESP", "BulkheadRDB", "BulkheadRDBBodies", "BulkheadConsole",
            "BulkheadLint", "BulkheadConformance", "Bulkhead", "BulkheadTools", "BulkheadCLI", "BulkheadTestServer"),
        tests("BulkheadConsoleTests", of: "BulkheadConsole"),
        tests("BulkheadLintTests", of: "BulkheadLint"),
        tests("BulkheadBenchmarkSupportTests", of: "BulkheadBenchmarkSupport"),
        tests(
            "BulkheadHouseRulesTests",
            of: "BulkheadTestServer", "BulkheadReadmeProgram", "BulkheadMovingProgram", "BulkheadCLI",
            "BulkheadFacadeGenerator", "BulkheadBenchmarkSupport",
            "BulkheadIsolationBenchmark", "BulkheadThroughputBenchmark", "BulkheadCodecBenchmark",
            "BulkheadComparisonBenchmark", "BulkheadMigrationBenchmark", "BulkheadToolsBenchmark", "BulkheadFuzzer",
            "BulkheadSoak", "BulkheadMigrationKills", "BulkheadConsumerKills", "BulkheadLockFaults",
            "BulkheadStaleReads", "BulkheadFaultTable"),
    ]
)
