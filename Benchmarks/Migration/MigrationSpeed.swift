import Bulkhead
import BulkheadBenchmarkSupport
import BulkheadTestServer

/// The same keys, moved to and fro by each contender in turns.
struct MigrationSpeed {
    private let settings: Settings
    private let program: String

    init(_ settings: Settings) {
        self.settings = settings
        let own = CommandLine.arguments[0]
        let folder = own.lastIndex(of: "/").map { own[...$0] } ?? ""
        program = settings.program ?? folder + "bulkhead"
    }

    /// Who moves keys, and by what call from one number to another.
    private struct Contender {
        let name: String
        let isScript: Bool
        let call: (_ from: Int, _ to: Int) -> [String]
        var rates: [Double] = []
    }

    /// How many times as fast as the faster script `bulkhead migrate` has to be.
    private static let target = 5.0

    /// Prints the table; true if the target was met, or could not be asked about.
    func run() throws -> Bool {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let databases = RedisDatabases(RedisConfiguration(unixSocket: server.socketPath))
        defer { databases.closeBlocking(grace: .zero) }
        let (source, target) = (try databases.blocking(.main), try databases.blocking(.knowledge))
        try fill(source)
        var contenders = contenders(server)
        if !contenders.contains(where: \.isScript) {
            Terminal.writeError("*** SKIPPED: redis-py is not installed (python3 -m pip install redis)\n")
        }
        for round in 0..<settings.rounds {
            for index in contenders.indices {
                // Each run finds the keys where the run before left them.
                let (from, to) = try source.dbsize() > 0 ? (0, 1) : (1, 0)
                let call = contenders[index].call(from, to)
                let child = try ChildProgram.run(call, silenced: false)
                let (left, moved) = (try source.dbsize(), try target.dbsize())
                guard child.exitCode == 0, (from == 0 ? (left, moved) : (moved, left)) == (0, settings.keys) else {
                    throw ProgramError("\(contenders[index].name) left \(left) and \(moved) keys")
                }
                contenders[index].rates.append(Double(settings.keys) / child.seconds)
                Terminal.writeError("round \(round + 1): \(contenders[index].name)\n")
            }
        }
        return report(contenders, "\(server.flavour) \(server.version)")
    }

    private func contenders(_ server: RedisTestServer) -> [Contender] {
        let migrate = [program, "migrate", "--all", "--quiet", "--json", "--url", server.url]
        func bulkhead(_ name: String, _ more: [String]) -> Contender {
            Contender(name: name, isScript: false) { migrate + ["--from", "\($0)", "--to", "\($1)"] + more }
        }
        var contenders = [
            bulkhead("bulkhead migrate", []), bulkhead("  with --pace full", ["--pace", "full"]),
            bulkhead("  with --verify", ["--verify"]),
        ]
        let hasPython = (try? ChildProgram.run(["python3", "-c", "import redis"], silenced: true))?.exitCode == 0
        guard hasPython else { return contenders }
        for (name, batch) in [("redis-py, key by key", 1), ("redis-py, pipelines of 100", 100)] {
            contenders.append(
                Contender(name: name, isScript: true) {
                    ["python3", "-c", Self.script, server.socketPath, "\($0)", "\($1)", "\(batch)"]
                })
        }
        return contenders
    }

    /// What one would write: SCAN, and for each batch DUMP and PTTL, RESTORE, DELETE. SCAN finds some keys twice, which
    /// is why it replaces and asks whether there is a value.
    private static let script = """
        sys, redis = __import__("sys"), __import__("redis")
        path, source, target, batch = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
        a = redis.Redis(unix_socket_path=path, db=source)
        b = redis.Redis(unix_socket_path=path, db=target)
        def move(keys):
            if batch == 1:
                value, time = a.dump(keys[0]), a.pttl(keys[0])
                if value is None: return
                b.restore(keys[0], max(time, 0), value, replace=True)
                a.delete(keys[0])
                return
            p = a.pipeline(transaction=False)
            for key in keys: p.dump(key).pttl(key)
            replies = p.execute()
            p = b.pipeline(transaction=False)
            for i, key in enumerate(keys):
                if replies[2 * i] is not None:
                    p.restore(key, max(replies[2 * i + 1], 0), replies[2 * i], replace=True)
            p.execute()
            p = a.pipeline(transaction=False)
            for key in keys: p.delete(key)
            p.execute()
        keys = []
        for key in a.scan_iter(count=1000):
            keys.append(key)
            if len(keys) == batch: move(keys); keys = []
        if keys: move(keys)
        """

    /// Strings of 100 bytes, and hashes as vector indexes have them: one key in ten.
    private func fill(_ database: BlockingRedisDatabase) throws {
        let text = String(repeating: "x", count: 100)
        let vector = [Float](repeating: 0.25, count: 384)
        for part in stride(from: 0, to: settings.keys, by: 1_000) {
            var batch = RedisBatch()
            for index in part..<min(settings.keys, part + 1_000) {
                if index.isMultiple(of: 10) {
                    batch.append(
                        RedisCommand<RESPValue>.raw(
                            "HSET", ["llama_index/vector_\(index)", "doc_id", "doc:\(index)", "vector", vector],
                            as: RESPValue.self))
                } else {
                    batch.append(RedisCommand<RESPValue>.raw("SET", ["key:\(index)", text], as: RESPValue.self))
                }
            }
            _ = try database.pipeline(batch)
        }
    }

    private func report(_ contenders: [Contender], _ server: String) -> Bool {
        let best = contenders.filter(\.isScript).compactMap { Spread($0.rates)?.median }.max()
        var table = Table(columns: [
            .text("moved by"), .number("keys a second (min–max)"), .number("to the faster script"),
        ])
        for contender in contenders {
            guard let spread = Spread(contender.rates) else { continue }
            let ratio = best.map { Units.decimal(spread.median / $0, places: 1) } ?? "–"
            table.append([contender.name, spread.text { Units.count(Int($0)) }, ratio])
        }
        let keys = Units.grouped(settings.keys)
        print("\(keys) keys from one database of \(server) to another, start of the program included.\n")
        print(table.text(), terminator: "")
        guard let best, let own = Spread(contenders[0].rates)?.median else { return true }
        let isMet = own >= Self.target * best
        print("\nTarget: \(Self.target) times the faster script. \(isMet ? "Met." : "MISSED.")")
        return isMet
    }
}
