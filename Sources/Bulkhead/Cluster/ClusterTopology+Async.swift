import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP

extension ClusterTopology {
    func attempt<Sent: Request>(
        _ request: Sent, by way: Way, of database: RedisDatabase, until deadline: Deadline
    ) async throws(ConnectionFailure) -> Sent.Received {
        let plan = try ClusterPlan(request.bytes, count: request.sent)
        guard case .lane(let lane) = way else {
            guard let slot = plan.onlySlot else { throw ClusterPlan.crossSlot(request.place) }
            return try await attemptOnLease(request, slot, of: database, until: deadline)
        }
        switch plan {
        case .whole(let slot):
            let readers = readers(for: request, of: database.binding)
            if let readers, let slot,
                let replies = try await read(
                    request.bytes, request.sent, of: [slot], from: readers, on: lane, until: deadline)
            {
                return Sent.Received(replies)
            }
            return Sent.Received(try await send(request.bytes, request.sent, to: slot, on: lane, until: deadline))
        case .parts(let parts, let merge):
            let readers = readers(for: request, of: database.binding)
            return Sent.Received(try await send(parts, merge, readers, on: lane, until: deadline))
        case .scan(let scan):
            try await findMap(until: deadline)
            guard let (target, count) = try target(of: scan) else { throw Self.noMapInTime }
            let replies = try await exchange(scan.bytes, count: 1, with: target, on: lane, until: deadline)
            return Sent.Received([try scan.reply(replies[0], of: count)])
        case .everywhere(let merge):
            try await findMap(until: deadline)
            let bytes = request.bytes
            let targets = try primaries() ?? []
            let replies = try await all(targets.count) { index in
                await Result { () async throws(ConnectionFailure) in
                    try await self.exchange(bytes, count: 1, with: targets[index], on: lane, until: deadline)
                }
            }
            return Sent.Received(merge.replies(replies.flatMap(\.self)))
        }
    }

    /// A command, or a transaction, redirected until it is run; `first` is what its first attempt has come to, where
    /// there was one. Nothing of a transaction has run where one of its commands was redirected.
    func send(
        _ bytes: [UInt8], _ count: Int, to slot: HashSlot?, on lane: Lane, until deadline: Deadline,
        after first: Attempt? = nil
    ) async throws(ConnectionFailure) -> [RESPValue] {
        var redirections = RedirectionMachine(until: deadline)
        var (slot, first) = (slot, first)
        var asked: Endpoint?
        while true {
            var step: RedirectionMachine.Step
            var outcome: Result<[RESPValue], ConnectionFailure>
            do {
                let target: ClusterServer
                var replies: [RESPValue]
                if let done = first.take() {
                    target = done.server
                    replies = try done.outcome.get()
                } else {
                    target = try await self.target(of: slot, asked, until: deadline)
                    let isAsking = asked != nil
                    asked = nil
                    replies = try await exchange(
                        isAsking ? Self.asking + bytes : bytes, count: isAsking ? count + 1 : count, with: target,
                        on: lane, until: deadline)
                    if isAsking { replies.removeFirst() }
                }
                outcome = .success(replies)
                let redirection = replies.redirection(from: target.endpoint)
                if case .moved(let slot, let endpoint) = redirection { moved(slot, to: endpoint) }
                // A command whose keys are not known here: the server knows them.
                slot = slot ?? redirection?.slot
                step = redirections.step(after: redirection)
            } catch {
                doubt(after: error)
                asked = nil
                outcome = .failure(error)
                step = redirections.step(after: error)
            }
            switch step {
            case .stands:
                try redirections.refuse(of: slot)
                return try outcome.get()
            case .ask(let endpoint, let pause):
                if pause > .zero, !(await sleepTask(for: pause)) { throw .cancelled(.queued) }
                asked = endpoint
            case .again(let pause, let refresh):
                if pause > .zero, !(await sleepTask(for: pause)) { throw .cancelled(.queued) }
                if refresh { await self.refresh(until: deadline) }
            }
        }
    }

    /// Parts for several servers, at the same time; what was redirected is sent again by itself.
    private func send(
        _ parts: [ClusterPlan.Part], _ merge: ClusterPlan.Merge, _ readers: ReplicaReaders?, on lane: Lane,
        until deadline: Deadline
    ) async throws(ConnectionFailure) -> [RESPValue] {
        try await findMap(until: deadline)
        let groups = try grouped(parts)
        let results = try await all(groups.count) { index in
            await Result { () async throws(ConnectionFailure) in
                try await self.send(groups[index], of: parts, readers, on: lane, until: deadline)
            }
        }
        return merge.replies(groups.inOrder(results, of: parts.count), to: parts)
    }

    private func send(
        _ group: ClusterGroup, of parts: [ClusterPlan.Part], _ readers: ReplicaReaders?, on lane: Lane,
        until deadline: Deadline
    ) async throws(ConnectionFailure) -> [RESPValue] {
        if let readers,
            let replies = try await read(
                group.bytes, group.indices.count, of: group.slots(in: parts), from: readers, on: lane, until: deadline)
        {
            return replies
        }
        var replies: [RESPValue]
        do {
            replies = try await exchange(
                group.bytes, count: group.indices.count, with: group.server, on: lane, until: deadline)
        } catch {
            // Where none of it left, each command finds its server by itself.
            guard error.stage.isSafeToRetry else { throw error }
            replies = []
        }
        // What was redirected has not run.
        var hasRun = replies.contains { $0.redirection(from: group.server.endpoint) == nil }
        for (index, part) in group.indices.enumerated() {
            if index < replies.count, replies[index].redirection(from: group.server.endpoint) == nil { continue }
            do {
                let again = try await send(Array(parts[part].bytes), 1, to: parts[part].slot, on: lane, until: deadline)
                if index < replies.count { replies[index] = again[0] } else { replies += again }
                hasRun = true
            } catch {
                throw hasRun ? error.ofRequestRunInPart : error
            }
        }
        return replies
    }

    /// What blocks has a connection of its slot's server to itself.
    private func attemptOnLease<Sent: Request>(
        _ request: Sent, _ slot: HashSlot?, of database: RedisDatabase, until deadline: Deadline
    ) async throws(ConnectionFailure) -> Sent.Received {
        var redirections = RedirectionMachine(until: deadline)
        while true {
            let step: RedirectionMachine.Step
            let outcome: Result<Sent.Received, ConnectionFailure>
            do {
                let target = try await self.target(of: slot, nil, until: deadline)
                let replies = try await watched(at: target) { () async throws(ConnectionFailure) in
                    try await database.attemptOnLease(request, of: target.node, until: deadline)
                }
                outcome = .success(replies)
                let found = replies.redirection(from: target.endpoint)
                if case .moved(let slot, let endpoint) = found { moved(slot, to: endpoint) }
                step = redirections.stepInTurn(after: found)
            } catch {
                doubt(after: error)
                outcome = .failure(error)
                step = redirections.step(after: error)
            }
            guard case .again(let pause, let refresh) = step else {
                try redirections.refuse(of: slot)
                return try outcome.get()
            }
            if pause > .zero, !(await sleepTask(for: pause)) { throw .cancelled(.queued) }
            if refresh { await self.refresh(until: deadline) }
        }
    }

    // MARK: The map

    func target(
        of slot: HashSlot?, _ asked: Endpoint?, until deadline: Deadline
    ) async throws(ConnectionFailure) -> ClusterServer {
        if isDoubtful { await refresh(until: deadline) }
        if let asked { return try server(at: asked) }
        if let target = try target(of: slot) { return target }
        try await findMap(until: deadline)
        if let target = try target(of: slot) { return target }
        throw ConnectionFailure(.connectFailed, "no server of the cluster has said which slots it has")
    }

    /// Returns when there is a map; one that is doubtful is asked for anew before.
    func findMap(until deadline: Deadline) async throws(ConnectionFailure) {
        if version > 0, !isDoubtful { return }
        if let failure = await refresh(until: deadline), version == 0 { throw failure }
    }

    /// Returns when a newer map has come, or all servers were asked for it in vain; why, then.
    @discardableResult
    func refresh(until deadline: Deadline) async -> ConnectionFailure? {
        let before = version
        while version == before {
            guard let servers = beginRefresh() else {
                guard !deadline.isOver, await sleepTask(for: Self.pauseWhileOthersAsk) else {
                    return Task.isCancelled ? .cancelled(.queued) : Self.noMapInTime
                }
                continue
            }
            var last = Self.noMapInTime
            for server in servers {
                do throws(ConnectionFailure) {
                    let limit = Deadline(after: Self.timeToAnswer)
                    let until = limit.end < deadline.end ? limit : deadline
                    let reply = try await self.server(at: server).node.send(Self.question, on: .shared, until: until)
                    endRefresh(try map(in: reply, from: server))
                    return nil
                } catch {
                    last = error
                    if deadline.isOver || error.reason == .cancelled { break }
                }
            }
            endRefresh(nil, isOpen: deadline.isOver || last.reason == .cancelled)
            return last
        }
        return nil
    }

    static let noMapInTime = ConnectionFailure(
        .timedOut, "no server of the cluster said in time which slots it has", stage: .connecting)
}

/// Runs them at the same time, and waits for all; throws the failure of the one that came furthest. Where others were
/// answered, the request as a whole may have run in part.
private func all(
    _ count: Int, _ body: @escaping @Sendable (Int) async -> Result<[RESPValue], ConnectionFailure>
) async throws(ConnectionFailure) -> [[RESPValue]] {
    if count == 1 { return [try await body(0).get()] }
    let results = await withTaskGroup(of: (Int, Result<[RESPValue], ConnectionFailure>).self) { group in
        for index in 0..<count { group.addTask { (index, await body(index)) } }
        var results: [(Int, Result<[RESPValue], ConnectionFailure>)] = []
        for await result in group { results.append(result) }
        return results.sorted { $0.0 < $1.0 }.map(\.1)
    }
    return try allOrFurthest(results)
}

extension Result where Failure == ConnectionFailure {
    /// The asynchronous form of `init(catching:)`.
    fileprivate init(_ body: () async throws(ConnectionFailure) -> Success) async {
        do {
            self = .success(try await body())
        } catch {
            self = .failure(error)
        }
    }
}
