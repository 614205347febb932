import BenchmarkSupport
import Bulkhead
import RedisTestServer

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

do {
    switch try Settings.table.parse(CommandLine.arguments.dropFirst()) {
    case .help(let text): print(text, terminator: "")
    case .run(let settings): try await measure(settings)
    }
} catch {
    Terminal.writeError("throughput: \(error)\n")
    exit(error is ArgumentError ? 2 : 1)
}

func measure(_ settings: Settings) async throws {
    guard let operation = Operation(rawValue: settings.operation) else {
        throw Refusal("--op takes get, set, incr, mget or hgetall")
    }
    guard ["async", "blocking"].contains(settings.mode) else { throw Refusal("--mode takes async or blocking") }

    var server: RedisTestServer?
    defer { server?.stop() }
    var configuration: RedisConfiguration
    if let path = settings.unix {
        configuration = RedisConfiguration(unixSocket: path)
    } else if let host = settings.host {
        configuration = RedisConfiguration(host: host, port: settings.port)
    } else {
        let own = try RedisTestServer.start(
            RedisTestServer.Options(
                listening: .tcp,
                launchPrefix: settings.serverCore.map { ["taskset", "-c", String($0)] } ?? []))
        server = own
        configuration = RedisConfiguration(port: own.port ?? 0)
    }
    // A client of the blocking mode holds a connection for each call.
    configuration.maximumLeases = max(configuration.maximumLeases, settings.clients)
    let databases = RedisDatabases(configuration)
    let database = try databases[.main]
    let value = String(repeating: "x", count: settings.valueSize)
    try await operation.prepare(database, value: value)

    func load(_ requests: Int) -> Load {
        Load(
            operation: operation, clients: settings.clients, pipeline: settings.pipeline, requests: requests,
            value: value)
    }
    func run(_ load: Load) async throws -> LatencyHistogram {
        settings.mode == "async"
            ? try await load.run(on: database) : try load.run(on: try databases.blocking(.main))
    }
    _ = try await run(load(settings.requests / 20))  // connects and warms up; not counted

    let measured = load(settings.requests)
    let cpuBefore = ProcessorTime.now()
    let start = MonotonicClock.now()
    let histogram = try await run(measured)
    let seconds = Double(MonotonicClock.now() - start) / 1e9
    let cpu = ProcessorTime.now().since(cpuBefore)
    func microseconds(_ percentile: Double) -> Double { Double(histogram.percentile(percentile) ?? 0) / 1e3 }

    let report = Report(
        op: operation.rawValue, mode: settings.mode, clients: settings.clients, pipeline: settings.pipeline,
        requests: measured.commands, seconds: seconds, rps: Double(measured.commands) / seconds,
        p50_us: microseconds(50), p99_us: microseconds(99), p999_us: microseconds(99.9),
        client_cpu_user_s: cpu.user, client_cpu_sys_s: cpu.system)
    print(settings.json ? try report.json() : report.words)
    try await operation.clean(database)
    await databases.close()
}

/// A word of the command line that its table cannot judge.
struct Refusal: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
