import BulkheadLint
import BulkheadTools
import Foundation
import Testing

@Suite("Lint of files", .timeLimit(.minutes(10))) struct LintFilesTests {
    static let client = "import redis\nredis.Redis()"

    /// The files a lint of a folder finds something in.
    private func linted(_ words: String, in folder: URL) async throws -> [String] {
        let outcome = try await shell("bulkhead lint \(words)", in: folder)
        #expect(outcome.exitCode <= 1)
        return outcome.text.split(separator: "\n").compactMap { $0.split(separator: ":").first.map(String.init) }
    }

    @Test func `a folder is walked in order, hidden files too, but not what others wrote`() async throws {
        let names = ["b.py", "a/x.py", ".github/x.py", "temporal_queue.py", "templates/x.py", "archives/x.py"]
        let skipped = [".git/x.py", "node_modules/x.py", "a/venv/x.py", "a/.build/x.py", "__pycache__/x.py"]
        let files = (names + skipped + ["x.txt"]).map { ($0, Self.client) }
        try await withFolder(Dictionary(uniqueKeysWithValues: files)) { folder async throws in
            #expect(try await linted("", in: folder) == names.sorted())
            #expect(try await linted("./a/ b.py", in: folder) == ["a/x.py", "b.py"])
            // What is named is read, whatever it is called.
            #expect(try await linted("node_modules", in: folder) == ["node_modules/x.py"])
        }
    }

    @Test(arguments: [
        ("temp", ["a/b.py", "templates/x.py", "temporal_queue.py"]), ("*.py", []),
        ("t*.py", ["a/b.py", "temp/x.py", "templates/x.py"]),
        ("temp/**", ["a/b.py", "templates/x.py", "temporal_queue.py"]),
        ("a/*", ["temp/x.py", "templates/x.py", "temporal_queue.py"]),
        ("**/x.py", ["a/b.py", "temporal_queue.py"]), ("./a", ["temp/x.py", "templates/x.py", "temporal_queue.py"]),
    ])
    func `globs leave out whole components, and what merely begins like them stays`(
        glob: String, left: [String]
    ) async throws {
        let names = ["a/b.py", "temp/x.py", "templates/x.py", "temporal_queue.py"]
        try await withFolder(Dictionary(uniqueKeysWithValues: names.map { ($0, Self.client) })) { folder async throws in
            #expect(try await linted("--exclude '\(glob)'", in: folder) == left)
        }
    }

    @Test func `links are not followed in folders, and are where they are named`() async throws {
        try await withFolder(["real/x.py": Self.client]) { folder async throws in
            _ = try await shell("ln -s real link; ln -s real/x.py y.py; ln -s . real/loop", in: folder)
            #expect(try await linted("", in: folder) == ["real/x.py"])
            #expect(try await linted("link", in: folder) == ["link/x.py"])
        }
    }

    @Test func `scripts are known by their first line`() async throws {
        let files = [
            "run": "#!/bin/sh\nredis-cli flushall", "tool": "#!/usr/bin/env python3\nimport redis\nredis.Redis()",
            "notes": "redis-cli flushall", "deploy.v2": "#!/bin/bash\nredis-cli flushall",
        ]
        try await withFolder(files) { folder async throws in
            #expect(try await linted("", in: folder) == ["run", "tool"])
            _ = try await shell("chmod +x deploy.v2", in: folder)
            #expect(try await linted("", in: folder) == ["deploy.v2", "run", "tool"])
        }
    }

    @Test func `names of any bytes are read and shown`() async throws {
        try await withFolder { folder async throws in
            let names = ["a b.py", "a'b.py", "ü.py"]
            for name in names { try write(Self.client, to: name, in: folder) }
            _ = try await shell(#"printf 'import redis\nredis.Redis()' > "$(printf 'x\ny.py')""#, in: folder)
            let outcome = try await shell("bulkhead lint", in: folder)
            for name in names + [#""x\ny.py""#] { #expect(outcome.text.contains("\(name):2:1: raw-client")) }
        }
    }

    @Test func `binary and large files are skipped with a word, and bytes that are no UTF-8 are not`() async throws {
        try await withFolder { folder async throws in
            try Data(Self.client.utf8 + [0]).write(to: folder.appendingPathComponent("binary.py"))
            try Data([0xff, 0x0a] + Self.client.utf8).write(to: folder.appendingPathComponent("latin.py"))
            let large = repeatElement(UInt8(ascii: "#"), count: LintSelection.largestFile + 1)
            try Data(large).write(to: folder.appendingPathComponent("large.py"))
            let outcome = try await shell("bulkhead lint", in: folder)
            #expect(outcome.text.hasPrefix("latin.py:3:1: raw-client"))
            #expect(outcome.errors.contains("skipped binary.py: it is binary"))
            #expect(outcome.errors.contains("skipped large.py: it is larger than 4 MiB"))
            #expect(outcome.exitCode == 1)
        }
    }

    @Test func `it exits 0 for nothing, 1 for findings, 2 for what cannot be read, 64 for a wrong call`() async throws {
        try await withFolder(["ok.py": "x = 1", "bad/x.py": Self.client, "empty/x.txt": ""]) { folder async throws in
            for (words, code, errors) in [
                ("ok.py", 0, "bulkhead lint: nothing found in 1 file\n"),
                ("", 1, "bulkhead lint: 1 finding in 1 of 2 files\n"),
                ("empty", 0, "bulkhead lint: nothing found in 0 files\n"),
                ("missing bad", 2, "bulkhead lint: cannot read missing: No such file or directory\n"),
                ("ok.py --format xml", 64, "bulkhead lint: --format takes text, json, github, sarif, not 'xml'"),
                ("--stagd", 64, "bulkhead lint: unknown flag --stagd; did you mean --staged?"),
                ("--exclude", 64, "bulkhead lint: --exclude needs a value: --exclude GLOB"),
                (
                    "--exclude \(String(repeating: "x", count: 1_025))", 64,
                    "bulkhead lint: --exclude takes at most 1024 bytes"
                ),
            ] as [(String, Int32, String)] {
                let outcome = try await shell("bulkhead lint \(words)", in: folder)
                #expect(outcome.exitCode == code, "\(words)")
                #expect(outcome.errors.hasPrefix(errors), "\(outcome.errors)")
            }
            // What could be read is reported all the same.
            #expect(try await shell("bulkhead lint missing bad", in: folder).text.hasPrefix("bad/x.py:2:1: raw-client"))
        }
    }

    @Test func `JSON says what was found, how many files were read, and what was not`() async throws {
        try await withFolder(["x.py": Self.client]) { folder async throws in
            try Data([0]).write(to: folder.appendingPathComponent("b.py"))
            let outcome = try await shell("bulkhead lint --format json . missing", in: folder)
            let document = try #require(try JSONSerialization.jsonObject(with: outcome.output) as? [String: Any])
            let finding = try #require((document["findings"] as? [[String: Any]])?.first)
            #expect(Set(finding.keys) == ["file", "line", "column", "rule", "what", "why", "instead"])
            #expect(finding["file"] as? String == "x.py" && finding["rule"] as? String == "raw-client")
            #expect(finding["line"] as? Int == 2 && finding["column"] as? Int == 1)
            #expect(document["files"] as? Int == 1)
            #expect((document["skipped"] as? [[String: Any]])?.first?["file"] as? String == "b.py")
            #expect((document["unreadable"] as? [[String: Any]])?.first?["file"] as? String == "missing")
            #expect(outcome.exitCode == 2)
        }
    }

    @Test func `the list of rules is what allow-comments can name, and more`() async throws {
        let outcome = try await Bulkhead.run("lint", "--rules")
        let names = outcome.text.split(separator: "\n").map { String($0.prefix { $0 != " " }) }
        #expect(names == LintRule.allCases.map(\.rawValue))
        #expect(outcome.exitCode == 0)
    }

    @Test func `our own sources and benchmarks have nothing to find`() async throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        // The cases of the conformance kit say what servers make of SELECT.
        let outcome = try await shell(
            "bulkhead lint --exclude Sources/BulkheadConformance/Generated Sources Benchmarks Package.swift", in: root)
        #expect(outcome.text == "")
        #expect(outcome.exitCode == 0)
    }
}
