import Bulkhead
import BulkheadConsole
import BulkheadRESP

/// `bulkhead migrate --misplaced`: counts what lies in the wrong database, asks, and moves it in one walk.
struct MisplacedMove {
    let plan: MigrationPlan
    let selection: ServerSelection
    let call: Call

    func run() async throws(ProgramFailure) -> ExitCode {
        guard call.canAsk || plan.isDryRun || call.arguments.has(.yes) else {
            throw call.arguments.refused(
                "--misplaced shows first what it finds: use --dry-run to look, or --yes to move")
        }
        guard case .misplaced(let placement, _) = plan.keys else { return .done }
        let databases = try selection.open([plan.from])
        Interruption.watch()
        return try await databases.closing { () async throws(ProgramFailure) in try await run(placement, databases) }
    }

    private func run(_ placement: Placement, _ databases: RedisDatabases) async throws(ProgramFailure) -> ExitCode {
        let source = try await call.arguments.reaching { () throws(RedisError) in try databases[plan.from.name] }
        // Before this run has more than the connection that asks.
        let clients = await DatabaseClients(of: source, number: plan.from.number)?.all
        let counts = try await call.arguments.reaching { () async throws(RedisError) in
            try await count(placement, in: source)
        }
        if Interruption.isRequested {
            throw ProgramFailure(.failed, "\(call.program): stopped before anything was moved")
        }
        if counts.isEmpty { return try hand(MigrationReport(), [], isOneServer: true, seconds: 0) }
        var routes: [RoutingMover.Route] = []
        // Where the time is denied, each target has a run of its own, whose notes are trusted less.
        let run = (try? await source.clocks().last).map { MigrationFence.number(at: $0) }
        for entry in selection.catalogue.entries where counts[entry.name] != nil {
            routes.append(try await route(to: entry, placement, run, source, databases))
        }
        if !call.arguments.has(.json) {
            let from = "\(plan.from.name) (number \(plan.from.number)) at \(source.address) has of other databases:"
            let lines =
                [from] + routes.map { "  \($0.named(with: counts))" }
                + [DatabaseClients.line(clients, "the source")]
            call.say(lines.joined(separator: "\n"))
        }
        if call.canAsk, !plan.isDryRun {
            let name = plan.from.name.text
            try call.confirm("Type \(name) to move these keys: ", answer: name, else: "nothing was moved")
        }
        let progress = call.progress("migrate", total: routes[0].findings.sourceKeys, unit: "keys looked at")
        let start = ContinuousClock.now
        let (report, arrivals) = try await call.arguments.reaching { () async throws(RedisError) in
            try await move(placement, routes, source) { progress.update(done: $0) }
        }
        progress.end()
        return try hand(
            report, arrivals, isOneServer: routes.allSatisfy(\.findings.isOneServer),
            seconds: (ContinuousClock.now - start) / .seconds(1))
    }

    /// How many keys belong to each other database; a walk over the names alone.
    private func count(
        _ placement: Placement, in source: RedisDatabase
    ) async throws(RedisError) -> [DatabaseName: Int] {
        let progress = call.progress("count", total: try await source.dbsize(), unit: "keys looked at")
        defer { progress.end() }
        var counts: [DatabaseName: Int] = [:]
        var pacer = Pacer(plan.pace, most: MigrationPlan.Limits.keysOfPage)
        var scan = KeyWalk(over: source)
        var looked = 0
        while !Interruption.isRequested {
            let keys = await pacer.begin()
            guard let page = try await scan.page(keys) else { break }
            pacer.end(keys: keys)
            for key in page where !key.starts(with: HandoverNotes.prefix) {
                if let owner = placement.owner(of: Array(key)) { counts[owner, default: 0] += 1 }
            }
            looked += page.count
            progress.update(done: looked)
        }
        return counts
    }

    /// Looks at one target as any migration does; throws what is in the way.
    private func route(
        to entry: DatabaseEntry, _ placement: Placement, _ run: UInt64?, _ source: RedisDatabase,
        _ databases: RedisDatabases
    ) async throws(ProgramFailure) -> RoutingMover.Route {
        var plan = plan
        plan.to = entry
        plan.run = run
        plan.keys = .misplaced(placement, entry.name)
        let target = try await call.arguments.reaching { () throws(RedisError) in try databases[entry.name] }
        let preflight = MigrationPreflight(plan: plan, source: source, target: target, program: call.program)
        let findings = try await preflight.run()
        for remark in findings.remarks {
            let words = "\(call.program): \(entry.name): \(remark)"
            call.say(words)
        }
        return RoutingMover.Route(
            plan: plan, target: target, mover: plan.mover(findings, from: source, to: target), findings: findings)
    }

    private func move(
        _ placement: Placement, _ routes: [RoutingMover.Route], _ source: RedisDatabase,
        _ progress: @escaping @Sendable (Int) -> Void
    ) async throws(RedisError) -> (MigrationReport, [(name: DatabaseName, count: Int)]) {
        do {
            return try await withConnections(routes) { routes in
                let mover = RoutingMover(placement: placement, routes: routes)
                var migration = Migration(
                    plan: plan, source: source, target: routes[0].target, mover: mover,
                    targetWatch: routes[0].findings.targetWatch,
                    canNotTouch: (routes[0].findings.source.canNotTouch, routes[0].findings.target.canNotTouch))
                migration.progress = progress
                let report = try await migration.run()
                return (report, routes.map { ($0.owner, mover.arrivals.of($0.owner)) })
            }
        } catch let error as RedisError {
            throw error
        } catch {
            throw RedisError(code: .unexpectedReply, message: "\(error)", stage: .refused)
        }
    }

    /// As many connections to each target as there are lanes.
    private func withConnections<Result: Sendable>(
        _ routes: [RoutingMover.Route], _ body: ([RoutingMover.Route]) async throws -> Result
    ) async throws -> Result {
        guard let missing = routes.firstIndex(where: { $0.connections.count < plan.slicesInFlight }) else {
            return try await body(routes)
        }
        return try await routes[missing].target.withConnection { connection in
            if routes[missing].findings.target.canNotTouch {
                _ = try? await connection.send("CLIENT", "NO-TOUCH", "ON")
            }
            var routes = routes
            routes[missing].connections.append(connection)
            return try await withConnections(routes, body)
        }
    }

    private func hand(
        _ report: MigrationReport, _ arrivals: [(name: DatabaseName, count: Int)], isOneServer: Bool,
        seconds: Double
    ) throws(ProgramFailure) -> ExitCode {
        let goOn = report.isComplete || plan.isDryRun || report.fitsNothing ? nil : plan.commandToGoOn(call.arguments)
        let summary = MigrationSummary(report, plan, seconds: seconds, arrivals: arrivals)
        try call.answer(
            MigrationDocument(
                report, plan, isOneServer: isOneServer, seconds: seconds, goOn: goOn, arrivals: arrivals)
        ) { summary.text(on: $0) }
        if let words = summary.ending(goOn) { call.say(words) }
        return report.exitCode
    }
}

extension RoutingMover.Route {
    /// `1,204 keys to knowledge (number 1)`
    fileprivate func named(with counts: [DatabaseName: Int]) -> String {
        "\(Units.counted(counts[owner] ?? 0, "key")) to \(owner) (number \(plan.to.number))"
    }
}
