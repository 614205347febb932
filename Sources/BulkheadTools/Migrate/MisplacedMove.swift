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
        let counts: [DatabaseName: Int]
        let noted: [String: [RESPBytes]]
        do throws(RedisError) {
            (counts, noted) = try await count(placement, in: source)
        } catch {
            throw ProgramFailure(.failed, "\(call.program): \(error.explained)\nNothing was moved.")
        }
        if Interruption.isRequested {
            throw ProgramFailure(.failed, "\(call.program): stopped before anything was moved")
        }
        var routes: [RoutingMover.Route] = []
        var known: Set<String> = []
        for entry in selection.catalogue.entries where counts[entry.name] != nil {
            let preflight = try await call.arguments.reaching { () throws(RedisError) in
                try look(at: entry, placement, source, databases)
            }
            let route = RoutingMover.Route(preflight, try await preflight.run())
            let claims = try await call.arguments.reaching { () async throws(RedisError) in
                try await Claims(of: route, in: source)
            }
            if claims.areOfAnotherKind {
                let reason = SourceClaim.otherKind.message
                throw ProgramFailure(.failed, "\(call.program): \(entry.name): \(reason)\nNothing was moved.")
            }
            routes.append(route)
            known.formUnion(claims.identities)
        }
        if !noted.isEmpty, plan.resumes, !plan.isDryRun {
            routes += await routesOfEarlierRun(placement, beside: counts, source, databases, &known)
        }
        for route in routes {
            for remark in route.findings.remarks { call.say("\(call.program): \(route.owner): \(remark)") }
        }
        let left = noted.filter { !known.contains($0.key) }
        if let words = words(on: left, ownAmongThem: await areMisplaced(left, in: source)) {
            call.say("\(call.program): \(words)")
        }
        if routes.isEmpty {
            return try hand(MigrationReport(), [], isOneServer: true, seconds: 0)
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
        let report: MigrationReport
        let arrivals: [(name: DatabaseName, count: Int)]
        do throws(RedisError) {
            (report, arrivals) = try await move(placement, routes, source) { progress.update(done: $0) }
        } catch {
            throw plan.failure(error, call.program)
        }
        progress.end()
        return try hand(
            report, arrivals, isOneServer: routes.allSatisfy(\.findings.isOneServer),
            seconds: (ContinuousClock.now - start) / .seconds(1))
    }

    /// What is said of notes in the source that this run leaves.
    private func words(on left: [String: [RESPBytes]], ownAmongThem: (any: Bool, all: Bool)) -> String? {
        if left.isEmpty { return nil }
        let name = plan.from.name
        if plan.resumes, !plan.isDryRun {
            let others =
                "notes of another migration, which was interrupted or is running: only its own command with --resume "
                + "ends it"
            let own =
                "notes of an earlier run with --misplaced, to a database that cannot be reached or gets no keys now"
            if ownAmongThem.all { return "\(name) keeps \(own)" }
            return ownAmongThem.any ? "\(name) keeps \(own); and \(others)" : "\(name) keeps \(others)"
        }
        return "\(name) has notes of a migration that was interrupted or is running: if it was one with --misplaced, "
            + "--resume takes its place and ends it; else only its own command with --resume does"
    }

    /// Whether some of these notes, and whether all of them, are of runs with --misplaced, by their claims.
    private func areMisplaced(_ left: [String: [RESPBytes]], in source: RedisDatabase) async -> (any: Bool, all: Bool) {
        var own = 0
        for names in left.values {
            for name in names {
                guard let held = try? await source.run(raw("GET", name)).bytes,
                    SourceClaim.Token(RESPBytes(held))?.isMisplaced == true
                else { continue }
                own += 1
                break
            }
        }
        return (own > 0, own == left.count)
    }

    /// How many keys belong to each other database, and the databases (``HandoverNotes/identity(in:)``) between which
    /// there are notes of migrations, with the notes that may be claims; a walk over the names alone.
    private func count(
        _ placement: Placement, in source: RedisDatabase
    ) async throws(RedisError) -> (counts: [DatabaseName: Int], noted: [String: [RESPBytes]]) {
        let progress = call.progress("count", total: try await source.dbsize(), unit: "keys looked at")
        defer { progress.end() }
        var counts: [DatabaseName: Int] = [:]
        var noted: [String: [RESPBytes]] = [:]
        var pacer = Pacer(plan.pace, most: MigrationPlan.Limits.keysOfPage)
        var scan = KeyWalk(over: source)
        var looked = 0
        while !Interruption.isRequested {
            let keys = await pacer.begin()
            guard let page = try await scan.page(keys) else { break }
            pacer.end(keys: keys)
            for key in page {
                if key.starts(with: HandoverNotes.prefix) {
                    guard let identity = HandoverNotes.identity(in: key) else { continue }
                    // Those of slots are many, and no claims.
                    let isOfSlot = key.dropFirst(HandoverNotes.prefix.count).first == UInt8(ascii: "{")
                    noted[identity, default: []] += isOfSlot ? [] : [RESPBytes(key)]
                } else if let owner = placement.owner(of: Array(key)) {
                    counts[owner, default: 0] += 1
                }
            }
            looked += page.count
            progress.update(done: looked)
        }
        return (counts, noted)
    }

    /// The claims that the source has for a route.
    private struct Claims {
        let areThere: Bool
        /// Of a run that was started for this target by name, and that nobody has asked this one to end.
        let areOfAnotherKind: Bool
        /// As in the names of notes.
        let identities: Set<String>

        init(of route: RoutingMover.Route, in source: RedisDatabase) async throws(RedisError) {
            let claims = route.mover.claims
            let names = claims.flatMap(\.names)
            let held = try await SourceClaim.held(names, claims, in: source)
            areThere = !held.isEmpty
            areOfAnotherKind = claims.contains { $0.isOfAnotherKind(held) }
            identities = Set((names + held.keys).compactMap { HandoverNotes.identity(in: $0) })
        }
    }

    /// The ways to names that get no key now, and that an earlier run with --misplaced has claimed: what that has left
    /// is removed.
    ///
    /// A run claims the source first, and gives it up last: so its claims there say where it has been.
    private func routesOfEarlierRun(
        _ placement: Placement, beside counts: [DatabaseName: Int], _ source: RedisDatabase,
        _ databases: RedisDatabases, _ known: inout Set<String>
    ) async -> [RoutingMover.Route] {
        var routes: [RoutingMover.Route] = []
        let owners = Set(placement.claims.map(\.owner)).subtracting(counts.keys)
        for entry in selection.catalogue.entries where owners.contains(entry.name) {
            do throws(RedisError) {
                let preflight = try look(at: entry, placement, source, databases, settles: true)
                let route = RoutingMover.Route(preflight, try await preflight.ask())
                let claims = try await Claims(of: route, in: source)
                guard claims.areThere else { continue }
                known.formUnion(claims.identities)
                if claims.areOfAnotherKind {
                    let reason = SourceClaim.otherKind.message
                    call.say("\(call.program): \(entry.name): its notes stay: \(reason)")
                } else {
                    routes.append(route)
                }
            } catch {
                // No key goes there: the others need not wait for it.
                call.say(
                    "\(call.program): \(entry.name): if an earlier run was to move keys there, its notes stay: "
                        + error.explained)
            }
        }
        return routes
    }

    /// What looks at one target as before any migration.
    private func look(
        at entry: DatabaseEntry, _ placement: Placement, _ source: RedisDatabase, _ databases: RedisDatabases,
        settles: Bool = false
    ) throws(RedisError) -> MigrationPreflight {
        var plan = plan
        plan.to = entry
        plan.settles = settles
        plan.keys = .misplaced(placement, entry.name)
        return MigrationPreflight(
            plan: plan, source: source, target: try databases[entry.name], program: call.program)
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
    fileprivate init(_ preflight: MigrationPreflight, _ findings: MigrationPreflight.Findings) {
        let mover = preflight.plan.mover(findings, from: preflight.source, to: preflight.target)
        self.init(plan: preflight.plan, target: preflight.target, mover: mover, findings: findings)
    }

    /// `1,204 keys to knowledge (number 1)`
    fileprivate func named(with counts: [DatabaseName: Int]) -> String {
        let place = "\(owner) (number \(plan.to.number))"
        guard let count = counts[owner] else {
            return "no keys to \(place): ends a migration with --misplaced there that was interrupted or is running"
        }
        return "\(Units.counted(count, "key")) to \(place)"
    }
}
