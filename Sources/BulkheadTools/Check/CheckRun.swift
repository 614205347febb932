#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

import Bulkhead

/// A check of the databases of one or more servers.
struct CheckRun {
    /// How thorough a check is, and how fast.
    struct Settings: Sendable {
        /// Keys that are looked at in each database, about; nil is all.
        ///
        /// With 20,000 a share is known to 0.7 % of all keys, and asking for them takes the server about 60 ms. Beside
        /// these the size of every key is asked, and what half as many are that are drawn by their sizes.
        static let usualSample = 20_000

        var sample: Int? = usualSample
        var pace = RedisPace.considerate

        func share(of keys: Int) -> Double {
            guard let sample, keys > sample else { return 1 }
            return Double(sample) / Double(keys)
        }

        /// The unit by which keys are drawn by size, on a server with so many bytes in use: about half as many are
        /// drawn as are looked at. Of a server that does not say, it is taken to be a large one.
        func sizeUnit(of bytes: Int?) -> Int {
            max(64, (bytes ?? 32 << 30) / max(1, (sample ?? Self.usualSample) / 2))
        }
    }

    let selection: ServerSelection
    /// Empty is all: those with names, and those with keys.
    let wanted: [DatabaseEntry]
    var settings = Settings()
    var isStopped: @Sendable () -> Bool = { Interruption.isRequested }

    /// Walks one database after the other; throws only if a server cannot be reached or asked at all.
    func report(_ progress: WorkProgress?) async throws(ProgramFailure) -> CheckReport {
        let date = Date().formatted(.iso8601)
        let servers = try await servers()
        progress?.expect(total: servers.reduce(0) { $0 + $1.keys })
        let databases = try selection.open(servers.flatMap(\.entries))
        var walked = 0
        var cost = WalkCost()
        var slowest: [SlowCommands.Finding] = []
        var serverTimes: [(milliseconds: Double, isShared: Bool)?] = []
        var reports: [ServerReport] = []
        for server in servers {
            var report = server.emptyReport
            if !report.isReached {
                reports.append(report)
                continue
            }
            var calls: [String: Int] = [:]
            let door = server.entries.lazy.compactMap { try? databases[$0.name] }.first
            let before = await times(door)
            let slow = await slowCommands(door)
            for entry in server.entries {
                let (database, walk) = await self.report(on: entry, of: server, databases) { done in
                    progress?.update(done: walked + done)
                }
                walked += database.walked
                cost = cost + walk
                calls.merge(walk.calls, uniquingKeysWith: +)
                report.databases.append(database)
            }
            serverTimes.append(await times(door).flatMap { now in before.flatMap { now.time(of: calls, since: $0) } })
            if let door, let finding = await slow?.finding(of: Set(calls.keys), on: door) { slowest.append(finding) }
            let place = selection.place(of: server.server)
            let named = selection.catalogue.entries.filter { selection.place(of: $0) == place }
            report.findings = report.findings(server.facts, named, isWhole: wanted.isEmpty)
            reports.append(report)
        }
        await databases.end()
        return CheckReport(
            source: .server, date: date, servers: reports,
            cost: CheckCost(cost, serverTimes, slowest, pace: settings.pace))
    }

    private func slowCommands(_ door: RedisDatabase?) async -> SlowCommands? {
        // The primaries of a cluster have a log each.
        guard let door, !door.isInCluster else { return nil }
        return await SlowCommands(of: door)
    }

    private func times(_ door: RedisDatabase?) async -> CommandTimes? {
        guard let door, !door.isInCluster else { return nil }
        return await CommandTimes(of: door)
    }

    private func report(
        on entry: DatabaseEntry, of server: CheckedServer, _ databases: RedisDatabases, progress: (Int) -> Void
    ) async -> (DatabaseReport, WalkCost) {
        let space = server.facts.keyspace[entry.number]
        let database = try? databases[entry.name]
        var keys = space?.keys ?? 0
        var end = DatabaseWalk.End.complete
        // A user without INFO may still count the keys of one database.
        if server.facts.info.isEmpty, let database {
            do throws(RedisError) {
                keys = try await database.dbsize()
            } catch {
                if error.code != .databaseOutOfRange { end = .failed(error.explainedMessage) }
            }
        }
        let share = settings.share(of: keys)
        let placement = Placement(of: entry, in: selection.catalogue, by: selection.configuration)
        let used = server.facts.number("used_memory")
        var walk = DatabaseWalk(
            placement, sampler: KeySampler(share: share), sizes: SizeSampler(unit: settings.sizeUnit(of: used)),
            pace: settings.pace)
        walk.isOnClusterReplica = server.facts.isCluster && !server.facts.isWholeCluster && server.facts.isReplica
        // A number that the server does not have cannot be selected, and has no keys.
        if keys > 0 {
            if let database {
                await walk.run(on: database, isStopped: isStopped, progress: progress)
            }
            end = walk.end
        }
        var failure: String?
        if case .failed(let words) = end { failure = words }
        var report = DatabaseReport(
            walk.tally, of: entry, in: selection.catalogue, by: selection.configuration, keys: keys,
            expiring: space?.expiring ?? (keys > 0 ? nil : 0), memoryLimit: used, isComplete: end == .complete,
            drewAll: share >= 1, failure: failure, refusals: walk.refusals, serverFlags: selection.serverFlags)
        report.isRefused = walk.isRefused
        return (report, walk.cost)
    }

    /// The servers of what is wanted, with what they say of themselves.
    private func servers() async throws(ProgramFailure) -> [CheckedServer] {
        let catalogue = selection.catalogue
        let named = wanted.isEmpty ? catalogue.entries.filter { $0.aliasOf == nil } : wanted
        var places: [String] = []
        for entry in named where !places.contains(selection.place(of: entry)) {
            places.append(selection.place(of: entry))
        }
        var servers: [CheckedServer] = []
        var failures: [RedisError] = []
        let databases = try selection.open(named)
        for place in places {
            let here = named.filter { selection.place(of: $0) == place }
            do throws(RedisError) {
                // Which of them is asked does not matter, as long as it can be selected.
                let (asked, door) = try await facts(here, databases)
                var facts = asked
                await facts.askForNumbers(of: here) { try? databases[$0.name] }
                servers.append(
                    CheckedServer(
                        server: here.first.flatMap { catalogue.server(of: $0) }, address: door.address, facts: facts,
                        entries: here))
            } catch {
                failures.append(error)
                let addresses = here.lazy.compactMap { (try? databases[$0.name])?.address }
                servers.append(
                    CheckedServer(
                        server: here.first.flatMap { catalogue.server(of: $0) }, address: addresses.first ?? place,
                        facts: ServerFacts(), entries: [], lack: .unreachable(here.names, error)))
            }
        }
        await databases.end()
        // One that is away is no reason to say nothing of the others.
        if let failure = failures.first, failures.count == places.count {
            throw ProgramFailure(failure, of: "bulkhead check")
        }
        return servers.map { server in
            var server = server
            var seen: Set<Int> = []
            server.entries = server.entries.filter { seen.insert($0.number).inserted }
            if wanted.isEmpty {
                for number in server.facts.keyspace.keys.sorted() where !seen.contains(number) {
                    server.entries.append(selection.entry(ofNumber: number, on: server.server))
                }
            }
            return server
        }
    }

    private func facts(
        _ entries: [DatabaseEntry], _ databases: RedisDatabases
    ) async throws(RedisError) -> (ServerFacts, RedisDatabase) {
        var first: RedisError?
        for entry in entries {
            let database = try databases[entry.name]
            do {
                return (try await ServerFacts(of: database), database)
            } catch {
                guard error.code == .databaseOutOfRange || error.code == .databaseDenied else { throw error }
                first = first ?? error
            }
        }
        throw first ?? RedisError(code: .unknownDatabase, message: "there is no database to check", stage: .refused)
    }
}

/// A server with what of it is to be checked.
private struct CheckedServer {
    let server: DatabaseServer?
    let address: String
    let facts: ServerFacts
    var entries: [DatabaseEntry]
    /// Why nothing of it is known; nil if it answered.
    var lack: Finding?

    var keys: Int { entries.reduce(0) { $0 + (facts.keyspace[$1.number]?.keys ?? 0) } }

    var emptyReport: ServerReport {
        ServerReport(
            name: facts.name, address: address,
            memory: facts.number("used_memory").map {
                ServerReport.Memory(
                    used: $0, dataset: facts.number("used_memory_dataset"), maxmemory: facts.number("maxmemory"),
                    policy: facts.evictionPolicy)
            },
            databases: [], findings: lack.map { [$0] } ?? [])
    }
}

extension CheckCost {
    init(
        _ cost: WalkCost, _ servers: [(milliseconds: Double, isShared: Bool)?], _ slowest: [SlowCommands.Finding],
        pace: RedisPace
    ) {
        let told = servers.compactMap { $0 }
        self.init(
            pace: pace.description, commands: cost.commands, scans: cost.scans, looks: cost.looks,
            server: told.count == servers.count ? told.reduce(0) { $0 + $1.milliseconds } : nil,
            isServerShared: told.contains { $0.isShared },
            slowFrom: slowest.count == servers.count ? slowest.map(\.from).max() : nil,
            longestCommand: slowest.compactMap(\.longest).max(),
            waited: cost.waited / .milliseconds(1), longestStep: cost.longestStep / .milliseconds(1),
            elapsed: cost.elapsed / .milliseconds(1))
    }
}
