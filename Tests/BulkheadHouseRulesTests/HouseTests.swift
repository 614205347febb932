import Foundation
import Testing

@Suite struct HouseTests {
    @Test func `the top level shows five entries and nothing else`() throws {
        let visible = try FileManager.default.contentsOfDirectory(atPath: Repository.root.path)
            .filter { !$0.hasPrefix(".") && $0 != "Package.resolved" }
        #expect(Set(visible) == ["Package.swift", "Sources", "Tests", "Benchmarks", "README.md"])
    }

    @Test func `the package depends on nothing and holds nothing but Swift`() throws {
        let manifest = try Repository.text("Package.swift")
        let words = [".package(", "systemLibrary", "binaryTarget", "unsafeFlags", "linkerSettings", "cSettings"]
        for word in words + ["treatAllWarnings", "treatWarning"] {
            #expect(!manifest.contains(word), "Package.swift contains \(word)")
        }
        let foreign: Set = ["c", "h", "cc", "cpp", "hpp", "m", "mm", "s", "S", "a", "so", "modulemap"]
        for parent in ["Sources", "Tests", "Benchmarks"] {
            let base = Repository.root.appendingPathComponent(parent).path
            for case let name as String in try #require(FileManager.default.enumerator(atPath: base)) {
                #expect(!foreign.contains((name as NSString).pathExtension), "\(parent)/\(name) is not Swift")
            }
        }
    }

    @Test func `a file holds one subject: at most 500 lines of at most 120 columns`() throws {
        for file in try ["Sources", "Benchmarks", "Tests"].flatMap({ try Repository.swiftFiles(in: $0) }) {
            let lines = try Repository.text(file).split(separator: "\n", omittingEmptySubsequences: false)
            if !file.contains("/Generated/") { #expect(lines.count <= 500, "\(file) has \(lines.count) lines") }
            for (number, line) in lines.enumerated() where line.count > 120 {
                Issue.record("\(file):\(number + 1) has \(line.count) columns")
            }
        }
    }

    @Test func `programs and modules that scripts and pages name exist`() throws {
        let manifest = try Repository.text("Package.swift")
        let files = FileManager.default
        var pages = ["README.md"]
        for folder in ["Tests", "Benchmarks", "Sources/Bulkhead/Documentation.docc"] {
            let names = try files.contentsOfDirectory(atPath: Repository.root.appendingPathComponent(folder).path)
            // Scripts have no extension, and a folder is no page.
            pages += names.map { "\(folder)/\($0)" }.filter { path in
                path.hasSuffix(".md") || !path.contains(".")
            }.filter { (try? Repository.text($0)) != nil }
        }
        #expect(pages.count > 12)
        for page in pages {
            for match in try Repository.text(page).matches(of: /\bBulkhead[A-Z][A-Za-z]*\b/) {
                #expect(manifest.contains("\"\(match.0)\""), "\(page) names \(match.0)")
            }
        }
    }

    @Test func `every test target is in a part of the whole run`() throws {
        let filters = try Repository.text("Tests/run").matches(of: /\n    part "[^"]+" [^']*'\^?([^']+)'/)
            .map { try Regex(String($0.1)) }
        let targets = try Repository.text("Package.swift").matches(of: /\n        tests\(\s*"(\w+)"/).map { "\($0.1)." }
        #expect(targets.count >= 11)
        for target in targets {
            let parts = try filters.count { try $0.prefixMatch(in: target) != nil }
            #expect(parts == 1, "\(parts) parts of Tests/run have \(target)")
        }
    }

    /// `1 keys` and `12345 keys` come of a bare number in front of what it counts; `Units` writes both.
    @Test func `a message counts keys with separators, and one as one`() throws {
        for file in try Repository.swiftFiles(in: "Sources/BulkheadTools") {
            let byHand = /\\\((?!Units\.)[A-Za-z.$0-9]+\) (?:keys?|names|libraries)\b/
            for match in try Repository.text(file).matches(of: byHand) {
                Issue.record("\(file) counts by hand: \(match.0)")
            }
        }
    }

    /// Which command is at work only the command knows; whoever else fails leaves its name to it.
    @Test func `no message of the tools begins with the program's name alone`() throws {
        for file in try Repository.swiftFiles(in: "Sources/BulkheadTools") where !file.contains("/Lint/") {
            #expect(try !Repository.text(file).contains("\"bulkhead: "), "\(file)")
        }
    }

    @Test func `nothing is left for later in the sources`() throws {
        for file in try Repository.swiftFiles(in: "Sources") + Repository.swiftFiles(in: "Benchmarks") {
            let text = try Repository.text(file)
            for word in ["TODO", "FIXME", "XXX", "fatalError(", "not implemented"] {
                #expect(!text.contains(word), "\(file) contains \(word)")
            }
        }
    }

    #if os(Linux)
    @Test(arguments: [
        "bulkhead", "BulkheadIsolationBenchmark", "BulkheadThroughputBenchmark", "BulkheadCodecBenchmark",
        "BulkheadComparisonBenchmark", "BulkheadMigrationBenchmark", "BulkheadToolsBenchmark", "BulkheadFuzzer",
        "BulkheadSoak", "BulkheadMigrationKills", "BulkheadConsumerKills", "BulkheadLockFaults",
        "BulkheadStaleReads",
        "BulkheadReadmeProgram", "BulkheadMovingProgram", "BulkheadFaultTable",
    ])
    func `no program links ICU or full Foundation`(program: String) throws {
        let binary = Repository.binaries.appendingPathComponent(program).path
        try #require(FileManager.default.isExecutableFile(atPath: binary), "\(binary) is not built")
        let libraries = try Child.run("/usr/bin/ldd", [binary]).output
        #expect(libraries.contains("libswiftCore"))
        #expect(!libraries.contains("libFoundation.so"), "\(program) links full Foundation")
        for name in ["ICU", "libicu", "libssl", "libcrypto"] {
            #expect(!libraries.contains(name), "\(program) links \(name)")
        }
    }

    /// Whoever adds a name here makes every program that uses the library need it.
    @Test func `a program of a few commands links Swift's runtime, Dispatch, FoundationEssentials and libc`() throws {
        let allowed: Set = [
            "libswiftCore", "libswift_Concurrency", "libswift_StringProcessing", "libswift_RegexParser",
            "libswiftSynchronization", "libswiftGlibc", "libswiftDispatch", "libdispatch", "libBlocksRuntime",
            "libFoundationEssentials", "lib_FoundationCollections", "libc", "libm", "libstdc++", "libgcc_s",
            "ld-linux-x86-64", "ld-linux-aarch64", "linux-vdso", "libswift_Builtin_float",
            "libswiftSwiftOnoneSupport",  // of debug builds only
        ]
        let binary = Repository.binaries.appendingPathComponent("BulkheadReadmeProgram").path
        let linked = try Child.run("/usr/bin/ldd", [binary]).output.split(separator: "\n").compactMap { line in
            line.split(whereSeparator: \.isWhitespace).first?.split(separator: "/").last?.split(separator: ".so").first
        }
        #expect(linked.contains("libswiftCore"))
        for library in linked { #expect(allowed.contains(String(library)), "a small program links \(library)") }
    }
    #endif
}
