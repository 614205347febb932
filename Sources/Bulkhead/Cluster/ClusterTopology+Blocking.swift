import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP

// The same on the caller's thread, with the servers of a request one after the other.
extension ClusterTopology {
    func attempt<Sent: Request>(
        _ request: Sent, by way: Way, of database: BlockingRedisDatabase, until deadline: Deadline
    ) throws(ConnectionFailure) -> Sent.Received {
        let plan = try request.clusterPlan
        guard case .lane = way else {
            guard let slot = plan.onlySlot else { throw ClusterPlan.crossSlot(request.place) }
            return try attemptOnLease(request, slot, of: database, until: deadline)
        }
        switch plan {
        case .whole(let slot):
            if let readers = readers(for: request, of: database.binding), let slot,
                let replies = try read(request.bytes, request.sent, of: [slot], from: readers, until: deadline)
            {
                return Sent.Received(replies)
            }
            return Sent.Received(try send(request.bytes, request.sent, to: slot, until: deadline))
        case .parts(let parts, let merge):
            try findMap(until: deadline)
            let readers = readers(for: request, of: database.binding)
            let groups = try grouped(parts, request.scripts)
            let results = groups.map { group in
                Result { () throws(ConnectionFailure) in
                    try send(group, of: parts, request.scripts, readers, until: deadline)
                }
            }
            let replies = try allOrFurthest(results)
            return Sent.Received(
                merge.replies(groups.inOrder(replies, of: parts.count), to: parts))
        case .scan(let scan):
            try findMap(until: deadline)
            guard let (target, count) = try target(of: scan) else { throw Self.noMapInTime }
            let replies = try exchange(scan.bytes, count: 1, with: target, until: deadline)
            return Sent.Received([try scan.reply(replies[0], of: count)])
        case .everywhere(let merge):
            try findNewMap(until: deadline)
            let results = (try primaries() ?? []).map { target in
                Result { () throws(ConnectionFailure) in
                    try exchange(request.bytes, count: 1, with: target, until: deadline)
                }
            }
            return Sent.Received(merge.replies(try allOrFurthest(results).flatMap(\.self)))
        }
    }

    func send(
        _ bytes: [UInt8], _ count: Int, to slot: HashSlot?, until deadline: Deadline,
        after first: Attempt? = nil
    ) throws(ConnectionFailure) -> [RESPValue] {
        var call = RedirectedCall<[RESPValue]>(bytes, to: slot, in: self, until: deadline)
        var first = first
        while true {
            let step: RedirectionMachine.Step
            do {
                if let done = first.take() {
                    step = call.answered(try done.outcome.get(), by: done.server)
                } else {
                    let target = try target(of: call.slot, call.asked, until: deadline)
                    let isAsking = call.asked != nil
                    var replies = try exchange(
                        isAsking ? Self.asking + bytes : bytes, count: isAsking ? count + 1 : count, with: target,
                        until: deadline)
                    if isAsking { replies.removeFirst() }
                    step = call.answered(replies, by: target)
                }
            } catch {
                step = call.failed(error)
            }
            guard let pause = step.pause else { return try call.result() }
            waitBlocking(pause, until: deadline)
        }
    }

    private func send(
        _ group: ClusterGroup, of parts: [ClusterPlan.Part], _ scripts: ScriptTexts, _ readers: ReplicaReaders?,
        until deadline: Deadline
    ) throws(ConnectionFailure) -> [RESPValue] {
        if let readers,
            let replies = try read(
                group.bytes, group.indices.count, of: group.slots(in: parts), from: readers, until: deadline)
        {
            return replies
        }
        var replies: GroupReplies
        do {
            let received = try exchange(group.bytes, count: group.indices.count, with: group.server, until: deadline)
            replies = GroupReplies(received, of: group, in: parts, scripts)
        } catch {
            replies = try GroupReplies(unsentBy: error, of: group)
        }
        for place in replies.missing {
            let part = parts[group.indices[place]]
            do {
                let reply = try send(scripts.byText(part.bytes), 1, to: part.slot, until: deadline)[0]
                replies.put(reply, at: place)
            } catch {
                throw replies.failure(by: error)
            }
        }
        return replies.all
    }

    private func attemptOnLease<Sent: Request>(
        _ request: Sent, _ slot: HashSlot?, of database: BlockingRedisDatabase, until deadline: Deadline
    ) throws(ConnectionFailure) -> Sent.Received {
        var call = RedirectedCall<Sent.Received>(request.bytes, to: slot, in: self, until: deadline)
        while true {
            let step: RedirectionMachine.Step
            do {
                let target = try target(of: call.slot, nil, until: deadline)
                let replies = try watchedBlocking(at: target) { () throws(ConnectionFailure) in
                    try database.attempt(request, by: .lease, over: target.node.blocking, until: deadline)
                }
                step = call.answered(replies, by: target, inTurn: true)
            } catch {
                step = call.failed(error)
            }
            guard let pause = step.pause else { return try call.result() }
            waitBlocking(pause, until: deadline)
        }
    }

    func waitBlocking(_ pause: (time: Duration, refresh: Bool), until deadline: Deadline) {
        if pause.time > .zero { sleepThread(for: pause.time) }
        if pause.refresh { refresh(until: deadline) }
    }

    // MARK: The map

    func target(
        of slot: HashSlot?, _ asked: Endpoint?, until deadline: Deadline
    ) throws(ConnectionFailure) -> ClusterServer {
        if isDoubtful { refresh(until: deadline) }
        if let asked { return try server(at: asked) }
        if let target = try target(of: slot) { return target }
        try findMap(until: deadline)
        if let target = try target(of: slot) { return target }
        throw ConnectionFailure(.connectFailed, "no server of the cluster has said which slots it has")
    }

    func findMap(until deadline: Deadline) throws(ConnectionFailure) {
        if version > 0, !isDoubtful { return }
        if let failure = refresh(until: deadline), version == 0 { throw failure }
    }

    func findNewMap(until deadline: Deadline) throws(ConnectionFailure) {
        if let failure = refresh(until: deadline), version == 0 { throw failure }
    }

    @discardableResult
    func refresh(until deadline: Deadline) -> ConnectionFailure? {
        let before = version
        while version == before {
            guard let servers = beginRefresh() else {
                if deadline.isOver { return Self.noMapInTime }
                sleepThread(for: Self.pauseWhileOthersAsk)
                continue
            }
            var last = Self.noMapInTime
            for server in servers {
                do throws(ConnectionFailure) {
                    let limit = Deadline(after: Self.timeToAnswer)
                    let until = limit.end < deadline.end ? limit : deadline
                    let pool = try self.server(at: server).node.blocking
                    let replies = try pool.exchange(Self.question, count: 1, until: until)
                    endRefresh(try map(in: replies[0], from: server))
                    return nil
                } catch {
                    last = error
                    if deadline.isOver { break }
                }
            }
            endRefresh(nil, isOpen: deadline.isOver)
            return last
        }
        return nil
    }
}
