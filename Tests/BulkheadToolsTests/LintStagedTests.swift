import BulkheadTools
import Foundation
import Testing

@Suite("Lint of git's index", .timeLimit(.minutes(10))) struct LintStagedTests {
    static let client = "import redis\nredis.Redis()"

    private func withRepository(
        _ files: [String: String] = [:], _ body: (URL) async throws -> Void
    ) async throws {
        try await withFolder(files) { folder async throws in
            #expect(try await shell("git init -q && git add -A", in: folder).exitCode == 0)
            try await body(folder)
        }
    }

    @Test func `the staged blob is read and not the work tree`() async throws {
        try await withRepository(["bad.py": Self.client, "good.py": "x = 1"]) { folder async throws in
            // Mended on disk only, and spoilt on disk only.
            try write("x = 1", to: "bad.py", in: folder)
            try write(Self.client, to: "good.py", in: folder)
            let outcome = try await shell("bulkhead lint --staged", in: folder)
            #expect(outcome.text.hasPrefix("bad.py:2:1: raw-client"))
            #expect(!outcome.text.contains("good.py"))
            #expect(outcome.errors == "bulkhead lint: 1 finding in 1 of 2 files\n")
            #expect(outcome.exitCode == 1)
        }
    }

    @Test func `only what the next commit changes is read: added, changed and renamed files`() async throws {
        let files = ["old.py": Self.client, "change.py": Self.client, "move.py": Self.client, "gone.py": Self.client]
        try await withRepository(files) { folder async throws in
            _ = try await shell("git commit -qm a && git mv move.py moved.py && git rm -q gone.py", in: folder)
            try write(Self.client + "\n", to: "change.py", in: folder)
            try write(Self.client, to: "new.py", in: folder)
            try write(Self.client, to: "untracked.py", in: folder)
            _ = try await shell("git add change.py new.py", in: folder)
            let outcome = try await shell("bulkhead lint --staged", in: folder)
            let names = outcome.text.split(separator: "\n").map { String($0.prefix { $0 != ":" }) }
            #expect(names == ["change.py", "moved.py", "new.py"])
        }
    }

    @Test func `paths with blanks, quotes, line feeds and other letters are read`() async throws {
        try await withRepository { folder async throws in
            for name in ["a b.py", "a'\"b.py", "ü.py", "-n.py", "temporal_x.py", "templates/x.py"] {
                try write(Self.client, to: name, in: folder)
            }
            let odd = #"printf 'import redis\nredis.Redis()' > "$(printf 'x\ny.py')""#
            _ = try await shell("\(odd); git add -A", in: folder)
            let outcome = try await shell("bulkhead lint --staged", in: folder)
            #expect(outcome.text.split(separator: "\n").count == 7)
            #expect(outcome.text.contains(#""x\ny.py":2:1: raw-client"#))
        }
    }

    @Test func `below the root it takes operands, globs and scripts, and shows paths from the root`() async throws {
        let files = [
            "a/x.py": Self.client, "b/x.py": Self.client, "b/run": "#!/bin/sh\nredis-cli flushall",
            "node_modules/x.py": Self.client,
        ]
        try await withRepository(files) { folder async throws in
            func names(_ words: String) async throws -> [String] {
                try await shell("cd b && bulkhead lint --staged \(words)", in: folder).text.split(separator: "\n")
                    .map { String($0.prefix { $0 != ":" }) }
            }
            #expect(try await names("") == ["a/x.py", "b/run", "b/x.py"])
            #expect(try await names(".") == ["b/run", "b/x.py"])
            #expect(try await names("x.py") == ["b/x.py"])
            #expect(try await names("--exclude 'b/**'") == ["a/x.py"])
        }
    }

    @Test func `links and large blobs are no sources`() async throws {
        try await withRepository { folder async throws in
            let large = String(repeating: "#", count: LintSelection.largestFile + 1)
            try write(large, to: "large.py", in: folder)
            try write(Self.client, to: "z.py", in: folder)
            _ = try await shell("ln -s z.py link.py; git add -A", in: folder)
            let outcome = try await shell("bulkhead lint --staged", in: folder)
            #expect(outcome.text.hasPrefix("z.py:2:1: raw-client"))
            #expect(outcome.errors.contains("skipped large.py: it is larger than 4 MiB"))
        }
    }

    @Test func `many large files go through without one side waiting for the other`() async throws {
        try await withRepository { folder async throws in
            let filler = String(repeating: "# filler\n", count: 20_000)
            for number in 0..<40 { try write(filler + Self.client, to: "\(number).py", in: folder) }
            _ = try await shell("git add -A", in: folder)
            let outcome = try await shell("bulkhead lint --staged", in: folder)
            #expect(outcome.errors == "bulkhead lint: 40 findings in 40 of 40 files\n")
        }
    }

    @Test func `nothing staged is nothing found`() async throws {
        try await withRepository { folder async throws in
            let outcome = try await shell("bulkhead lint --staged", in: folder)
            #expect(outcome.output.isEmpty && outcome.exitCode == 0)
        }
    }

    @Test func `without a repository, or without git, it fails and says so`() async throws {
        try await withFolder { folder async throws in
            let outside = try await shell("GIT_CEILING_DIRECTORIES=/ bulkhead lint --staged", in: folder)
            #expect(outside.exitCode == 2)
            let words = "bulkhead lint: --staged needs git and a repository: git ended with exit code 128"
            #expect(outside.errors.contains(words))
            let program = Bulkhead.executable.path
            let without = try await shell("PATH=/nowhere '\(program)' lint --staged", in: folder)
            #expect(without.exitCode == 2)
            #expect(without.errors.contains("cannot start git: No such file or directory"))
        }
    }

    @Test func `as a hook it stops a commit, and lets it pass when the cause is gone from the index`() async throws {
        try await withRepository(["x.py": Self.client]) { folder async throws in
            let hook = "printf '#!/bin/sh\\nexec bulkhead lint --staged\\n' > .git/hooks/pre-commit"
            _ = try await shell("\(hook); chmod +x .git/hooks/pre-commit", in: folder)
            #expect(try await shell("git commit -qm a", in: folder).exitCode == 1)
            try write("x = 1", to: "x.py", in: folder)
            #expect(try await shell("git commit -qm a", in: folder).exitCode == 1)
            #expect(try await shell("git add -A; git commit -qm a", in: folder).exitCode == 0)
        }
    }

    @Test func `git commit -a is seen too, whose index is another file`() async throws {
        try await withRepository(["x.py": "x = 1"]) { folder async throws in
            _ = try await shell("git commit -qm a", in: folder)
            let hook = "printf '#!/bin/sh\\nexec bulkhead lint --staged\\n' > .git/hooks/pre-commit"
            _ = try await shell("\(hook); chmod +x .git/hooks/pre-commit", in: folder)
            try write(Self.client, to: "x.py", in: folder)
            #expect(try await shell("git commit -aqm b", in: folder).exitCode == 1)
        }
    }
}
