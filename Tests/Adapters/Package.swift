// swift-tools-version: 6.2
import PackageDescription

// The adapters of Observing.md, compiled and run against the packages they are for. Tests/companion does that; the
// package above depends on nothing, and this one is in nobody's graph.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let package = Package(
    name: "BulkheadAdapters",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "Bulkhead", path: "../.."),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.5.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.3.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.6.0"),
    ],
    targets: [
        .target(
            name: "BulkheadAdapters",
            dependencies: [
                .product(name: "Bulkhead", package: "Bulkhead"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Sources", swiftSettings: settings),
        .testTarget(
            name: "BulkheadAdaptersTests",
            dependencies: [
                "BulkheadAdapters",
                .product(name: "Bulkhead", package: "Bulkhead"),
                .product(name: "BulkheadTestServer", package: "Bulkhead"),
                .product(name: "InMemoryLogging", package: "swift-log"),
                .product(name: "MetricsTestKit", package: "swift-metrics"),
                .product(name: "InMemoryTracing", package: "swift-distributed-tracing"),
                .product(name: "ServiceLifecycleTestKit", package: "swift-service-lifecycle"),
            ],
            path: "Tests", swiftSettings: settings),
    ]
)
