import Bulkhead
import BulkheadBenchmarkSupport
import BulkheadTestServer
import Dispatch

// The main thread waits. An asynchronous one ends itself, and valgrind with it.
Task.detached {
    await Settings.table.run { settings in
        try await measure(settings)
        return 0
    }
}
DispatchSemaphore(value: 0).wait()

func measure(_ settings: Settings) async throws {
    if let contradiction = settings.contradiction { throw ArgumentError(contradiction) }
    guard let operation = Operation(rawValue: settings.operation), let mode = Mode(rawValue: settings.mode) else {
        return
    }
    let counter = settings.countAllocations ? try AllocationCounter.start() : nil

    let certificates = settings.isTLS ? try TemporaryCertificates() : nil
    defer { certificates?.remove() }
    try certificates?.install("first")
    var server: RedisTestServer?
    defer { server?.stop() }
    // A port without a host is one of this machine.
    var host = settings.host ?? (settings.port == nil ? nil : "127.0.0.1")
    var port = settings.port ?? 6379
    let launchPrefix = CPUPinning.words(for: settings.serverCore)
    var cluster: RedisTestCluster?
    defer { cluster?.stop() }
    if settings.isInCluster {
        let options = RedisTestServer.Options(listening: .tcp, launchPrefix: launchPrefix)
        cluster = try RedisTestCluster.start(RedisTestCluster.Options(server: options))
    } else if host == nil, settings.unix == nil {
        let own = try RedisTestServer.start(
            RedisTestServer.Options(
                listening: .tcp, arguments: ["--databases", String(max(16, settings.idleNames))],
                launchPrefix: launchPrefix,
                tls: certificates.map {
                    RedisTestServer.TLS(certificateFile: $0.certificate, keyFile: $0.key)
                }))
        server = own
        // The certificate is of that name.
        (host, port) = (settings.isTLS ? "localhost" : "127.0.0.1", own.port ?? 0)
    }
    var configuration =
        settings.unix.map { RedisConfiguration(unixSocket: $0) }
        ?? RedisConfiguration(host: host ?? "", port: port)
    if let certificates {
        var tls = RedisTLS()
        tls.trust = .certificates(inFile: certificates.authority)
        configuration.tls = tls
    }
    configuration.proofInterval = settings.proofInterval
    if let spin = settings.spin { configuration.spinTime = .microseconds(spin) }
    // A client of the blocking mode holds a connection for each call.
    configuration.maximumLeases = max(configuration.maximumLeases, settings.clients)
    let catalogue = try cluster.map { cluster in
        let place = try DatabaseServer(cluster: cluster.addresses)
        return try DatabaseCatalogue([
            DatabaseEntry(DatabaseName(settings.database), number: 0, purpose: "", server: place)
        ])
    }
    let databases = RedisDatabases(configuration, catalogue: catalogue ?? .standard)
    let database = try databases[DatabaseName(settings.database)]
    var work = Work(
        operation, valueSize: settings.valueSize, keyCount: settings.keys, readsFloats: settings.type == "floats")
    try await work.prepare(database)
    if settings.isCached {
        work.cache = try await database.cached()
        work.blockingCache = try databases.blocking(database.name).cached()
    }

    let idle = try await idleDatabases(settings.idleNames, configuration)
    let load = Load(work: work, clients: settings.clients, pipeline: settings.pipeline, requests: settings.requests)
    if settings.measuresWaitingMemory, let server {
        print(try await WaitingMemory(load: load, server: server).bytesPerCall(on: database))
        return
    }
    let walk = settings.busyCache > 0 ? CacheWalk(kibibytes: settings.busyCache) : nil
    let measurement: Measurement
    switch mode {
    case .async:
        measurement = try await Measurement.of(load, counter) { try await $0.run(on: database) }
    case .blocking:
        let blocking = try databases.blocking(database.name)
        measurement = try await Measurement.of(load, counter) { try $0.run(on: blocking) }
    case .suspend, .suspendCancellably:
        measurement = try await Measurement.of(load, counter) {
            await $0.runSuspending(isCancellable: mode == .suspendCancellably)
        }
    case .receive:
        let socket = try BareSocket(host: host ?? "", port: port, database: database.number)
        measurement = try await Measurement.of(load, nil) { [try socket.run(work, turns: $0.commands)] }
    case .loop:
        let socket = try BareSocket(host: host ?? "", port: port, database: database.number)
        measurement = try await Measurement.of(load, nil) { [try socket.runLoop($0)] }
    }
    walk?.stop()
    let report = measurement.report(settings)
    print(settings.json ? try report.json() : report.words)
    try await work.clean(database)
    await idle.close()
    await databases.close()
}

/// Names that are connected and then say nothing.
func idleDatabases(_ count: Int, _ configuration: RedisConfiguration) async throws -> RedisDatabases {
    let names = (0..<count).map { (name: DatabaseName("idle-\($0)"), number: $0) }
    let databases = RedisDatabases(
        configuration,
        catalogue: count == 0
            ? .standard : try DatabaseCatalogue(names.map { DatabaseEntry($0.name, number: $0.number, purpose: "") }))
    for (name, _) in names { try await databases[name].ping() }
    return databases
}
