import Bulkhead
import BulkheadBenchmarkSupport
import BulkheadTestServer

/// The whole run: a server, its content, the rounds of each tool.
struct ToolSpeed {
    private let settings: ToolSpeedSettings
    /// Cores of the server and of the programs; nil where they cannot be pinned to two.
    private let cores: (server: Int, client: Int)?

    init(_ settings: ToolSpeedSettings) {
        self.settings = settings
        let allowed = CPUPinning.current().allowedCores ?? []
        let canPin = (try? ChildProgram.run(["taskset", "--version"], silenced: true))?.exitCode == 0
        cores = canPin && allowed.count >= 2 ? (allowed[0], allowed[1]) : nil
    }

    func run(_ show: (ToolContestReport) throws -> Void) throws {
        for tool in settings.tools { try run(tool, show) }
    }

    private func run(_ tool: String, _ show: (ToolContestReport) throws -> Void) throws {
        let server = try RedisTestServer.start(
            RedisTestServer.Options(
                listening: .tcp, arguments: ["--repl-diskless-sync-delay", "0"],
                launchPrefix: CPUPinning.words(for: cores?.server),
                startTimeout: .seconds(30)))
        defer { server.stop() }
        let contest = try contest(of: tool, on: server)
        if let report = ToolContestReport(contest, turns: try rounds(of: contest)) { try show(report) }
    }

    /// What a tool is measured by, with its server filled for it. Each tool has its case here.
    private func contest(of tool: String, on server: RedisTestServer) throws -> ToolContest {
        switch tool {
        case "check": return try checkContest(on: server)
        case "backup": return try backupContest(on: server)
        default: throw ProgramError("there is nothing to measure \(tool) by")
        }
    }

    private func rounds(of contest: ToolContest) throws -> [[ToolContest.Turn]] {
        let steps = (settings.rounds + 1) * contest.contestants.count
        var progress = ProgressLine.onStandardError(contest.title, steps: steps)
        defer { progress.clear() }
        var done = 0
        // The first round is not counted: it brings programs and tables into memory.
        let turns = try (0...settings.rounds).map { round in
            var turns = contest.contestants.map { _ in ToolContest.Turn(seconds: 0, peakBytes: 0) }
            for place in contest.order(inRound: round) {
                let contestant = contest.contestants[place]
                progress.show(done: done, contestant.name)
                let words = CPUPinning.words(for: cores?.client) + contestant.words
                let child = try ChildProgram.run(words, silenced: true)
                guard contestant.doneCodes.contains(child.exitCode) else {
                    throw ProgramError("\(contestant.name) ended with \(child.exitCode)")
                }
                turns[place] = ToolContest.Turn(seconds: child.seconds, peakBytes: child.peakBytes)
                done += 1
            }
            return turns
        }
        return Array(turns.dropFirst())
    }
}

extension ToolSpeed {
    /// check beside `redis-cli --memkeys`, which asks each key for its type and memory, page by page of ten, and beside
    /// `--bigkeys`, which asks for type and length.
    ///
    /// Like with like: all of them ask every key. As it comes, check asks for the memory of each, and for the rest of a
    /// sample of 20,000 and of large keys; with `--exact` it asks each for type, encoding, expiry and memory.
    private func checkContest(on server: RedisTestServer) throws -> ToolContest {
        guard let port = server.port else { throw ProgramError("the server has no port") }
        try fillForCheck(server)
        let check = ["\(settings.programs)/bulkhead", "check", "main", "--url", server.url, "--quiet"]
        let found: [Int32] = [0, 1]
        return ToolContest(
            "check", count: settings.keys, unit: "keys",
            [
                .init("redis-cli --memkeys", ["redis-cli", "-p", "\(port)", "--memkeys"]),
                .init("redis-cli --bigkeys", ["redis-cli", "-p", "\(port)", "--bigkeys"]),
                .init("bulkhead check", check, doneCodes: found, target: 1),
                .init("  --pace full", check + ["--pace", "full"], doneCodes: found),
                .init("  --exact", check + ["--exact"], doneCodes: found),
                .init("  --exact --pace full", check + ["--exact", "--pace", "full"], doneCodes: found),
            ])
    }

    /// Sessions that expire, and a fifth of hashes.
    private func fillForCheck(_ server: RedisTestServer) throws {
        let databases = try RedisDatabases(url: server.url)
        defer { databases.closeBlocking() }
        let main = try databases.blocking(.main)
        let value = String(repeating: "v", count: 60)
        for start in stride(from: 0, to: settings.keys, by: 10_000) {
            let commands = (start..<min(start + 10_000, settings.keys)).map { index -> RedisCommand<RESPValue> in
                index.isMultiple(of: 5)
                    ? .raw("HSET", ["fact:\(index)", "text", value, "source", "import"])
                    : .raw("SET", ["session:user:\(index)", value, "EX", 100_000])
            }
            for result in try main.pipeline(commands) { _ = try result.get() }
        }
        guard try main.dbsize() == settings.keys else {
            throw ProgramError("the database has not the keys that were written")
        }
    }
}

extension ToolSpeed {
    /// backup beside `redis-cli --rdb`: both fetch the server's snapshot into a file and have it on the disk. The
    /// server waits for no second replica, and all keys are in the database that is wanted.
    private func backupContest(on server: RedisTestServer) throws -> ToolContest {
        guard let port = server.port else { throw ProgramError("the server has no port") }
        try fillForBackup(server)
        // In the server's private folder, so that they go with it.
        let backup = [
            "\(settings.programs)/bulkhead", "backup", "knowledge", "--method", "sync", "--quiet", "--url", server.url,
            "--to", server.folder + "/knowledge.rdb",
        ]
        return ToolContest(
            "backup", count: settings.megabytes, unit: "MiB",
            [
                .init("redis-cli --rdb", ["redis-cli", "-p", "\(port)", "--rdb", server.folder + "/all.rdb"]),
                .init("bulkhead backup", backup, target: 0.8, memoryLimit: 64),
            ])
    }

    /// Vectors of 384 dimensions that do not compress.
    private func fillForBackup(_ server: RedisTestServer) throws {
        let databases = try RedisDatabases(url: server.url)
        defer { databases.closeBlocking() }
        let knowledge = try databases.blocking(.knowledge)
        var random = SeededGenerator(seed: 1)
        let bytesOfVector = 4 * 384
        let count = settings.megabytes << 20 / bytesOfVector
        for start in stride(from: 0, to: count, by: 1_000) {
            let commands = (start..<min(start + 1_000, count)).map { index -> RedisCommand<RESPValue> in
                let vector = (0..<384).map { _ in Float.random(in: -1...1, using: &random) }
                return .raw("HSET", ["llama_index/vector_\(index)", "doc_id", "doc:\(index)", "vector", vector])
            }
            for result in try knowledge.pipeline(commands) { _ = try result.get() }
        }
    }
}
