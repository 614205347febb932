import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP

extension ClusterTopology {
    func attempt<Sent: Request>(
        _ request: Sent, by way: Way, of database: RedisDatabase, until deadline: Deadline
    ) async throws(ConnectionFailure) -> Sent.Received {
        let plan = try request.clusterPlan
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
            return Sent.Received(
                try await send(parts, merge, request.scripts, readers, on: lane, until: deadline))
        case .scan(let scan):
            try await findMap(until: deadline)
            guard let (target, count) = try target(of: scan) else { throw Self.noMapInTime }
            let replies = try await exchange(scan.bytes, count: 1, with: target, on: lane, until: deadline)
            return Sent.Received([try scan.reply(replies[0], of: count)])
        case .everywhere(let merge):
            try await findNewMap(until: deadline)
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
        var call = RedirectedCall<[RESPValue]>(bytes, to: slot, in: self, until: deadline)
        var first = first
        while true {
            let step: RedirectionMachine.Step
            do {
                if let done = first.take() {
                    step = call.answered(try done.outcome.get(), by: done.server)
                } else {
                    let target = try await target(of: call.slot, call.asked, until: deadline)
                    let isAsking = call.asked != nil
                    var replies = try await exchange(
                        isAsking ? Self.asking + bytes : bytes, count: isAsking ? count + 1 : count, with: target,
                        on: lane, until: deadline)
                    if isAsking { replies.removeFirst() }
                    step = call.answered(replies, by: target)
                }
            } catch {
                step = call.failed(error)
            }
            guard let pause = step.pause else { return try call.result() }
            try await wait(pause, until: deadline)
        }
    }

    /// Parts for several servers, at the same time; what was redirected is sent again by itself.
    private func send(
        _ parts: [ClusterPlan.Part], _ merge: ClusterPlan.Merge, _ scripts: ScriptTexts, _ readers: ReplicaReaders?,
        on lane: Lane, until deadline: Deadline
    ) async throws(ConnectionFailure) -> [RESPValue] {
        try await findMap(until: deadline)
        let groups = try grouped(parts, scripts)
        let results = try await all(groups.count) { index in
            await Result { () async throws(ConnectionFailure) in
                try await self.send(groups[index], of: parts, scripts, readers, on: lane, until: deadline)
            }
        }
        return merge.replies(groups.inOrder(results, of: parts.count), to: parts)
    }

    private func send(
        _ group: ClusterGroup, of parts: [ClusterPlan.Part], _ scripts: ScriptTexts, _ readers: ReplicaReaders?,
        on lane: Lane, until deadline: Deadline
    ) async throws(ConnectionFailure) -> [RESPValue] {
        if let readers,
            let replies = try await read(
                group.bytes, group.indices.count, of: group.slots(in: parts), from: readers, on: lane, until: deadline)
        {
            return replies
        }
        var replies: GroupReplies
        do {
            let received = try await exchange(
                group.bytes, count: group.indices.count, with: group.server, on: lane, until: deadline)
            replies = GroupReplies(received, of: group, in: parts, scripts)
        } catch {
            replies = try GroupReplies(unsentBy: error, of: group)
        }
        for place in replies.missing {
            let part = parts[group.indices[place]]
            do {
                let reply = try await send(
                    scripts.byText(part.bytes), 1, to: part.slot, on: lane, until: deadline)[0]
                replies.put(reply, at: place)
            } catch {
                throw replies.failure(by: error)
            }
        }
        return replies.all
    }

    /// What blocks has a connection of its slot's server to itself.
    private func attemptOnLease<Sent: Request>(
        _ request: Sent, _ slot: HashSlot?, of database: RedisDatabase, until deadline: Deadline
    ) async throws(ConnectionFailure) -> Sent.Received {
        var call = RedirectedCall<Sent.Received>(request.bytes, to: slot, in: self, until: deadline)
        while true {
            let step: RedirectionMachine.Step
            do {
                let target = try await target(of: call.slot, nil, until: deadline)
                let replies = try await watched(at: target) { () async throws(ConnectionFailure) in
                    try await database.attemptOnLease(request, of: target.node, until: deadline)
                }
                step = call.answered(replies, by: target, inTurn: true)
            } catch {
                step = call.failed(error)
            }
            guard let pause = step.pause else { return try call.result() }
            try await wait(pause, until: deadline)
        }
    }

    /// Returns when the next attempt is due.
    func wait(_ pause: (time: Duration, refresh: Bool), until deadline: Deadline) async throws(ConnectionFailure) {
        if pause.time > .zero, !(await sleepTask(for: pause.time)) { throw .cancelled(.queued) }
        if pause.refresh { await refresh(until: deadline) }
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

    /// The same with a map that is asked for now, as long as anybody says one. What goes to every primary is redirected
    /// by none, so it would never learn of a primary that came after the last map.
    func findNewMap(until deadline: Deadline) async throws(ConnectionFailure) {
        let failure = await refresh(until: deadline)
        if let failure, version == 0 || failure.reason == .cancelled { throw failure }
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
