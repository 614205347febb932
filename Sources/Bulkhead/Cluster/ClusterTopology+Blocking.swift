import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP

// The same on the caller's thread, with the servers of a request one after the other.
extension ClusterTopology {
    func attempt<Sent: Request>(
        _ request: Sent, by way: Way, of database: BlockingRedisDatabase, until deadline: Deadline
    ) throws(ConnectionFailure) -> Sent.Received {
        let plan = try ClusterPlan(request.bytes, count: request.sent)
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
            let groups = try grouped(parts)
            let results = groups.map { group in
                Result { () throws(ConnectionFailure) in try send(group, of: parts, readers, until: deadline) }
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
            try findMap(until: deadline)
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
                    target = try self.target(of: slot, asked, until: deadline)
                    let isAsking = asked != nil
                    asked = nil
                    replies = try exchange(
                        isAsking ? Self.asking + bytes : bytes, count: isAsking ? count + 1 : count, with: target,
                        until: deadline)
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
                if pause > .zero { sleepThread(for: pause) }
                asked = endpoint
            case .again(let pause, let refresh):
                if pause > .zero { sleepThread(for: pause) }
                if refresh { self.refresh(until: deadline) }
            }
        }
    }

    private func send(
        _ group: ClusterGroup, of parts: [ClusterPlan.Part], _ readers: ReplicaReaders?, until deadline: Deadline
    ) throws(ConnectionFailure) -> [RESPValue] {
        if let readers,
            let replies = try read(
                group.bytes, group.indices.count, of: group.slots(in: parts), from: readers, until: deadline)
        {
            return replies
        }
        var replies: [RESPValue]
        do {
            replies = try exchange(
                group.bytes, count: group.indices.count, with: group.server, until: deadline)
        } catch {
            guard error.stage.isSafeToRetry else { throw error }
            replies = []
        }
        // What was redirected has not run.
        var hasRun = replies.contains { $0.redirection(from: group.server.endpoint) == nil }
        for (index, part) in group.indices.enumerated() {
            if index < replies.count, replies[index].redirection(from: group.server.endpoint) == nil { continue }
            do {
                let again = try send(Array(parts[part].bytes), 1, to: parts[part].slot, until: deadline)
                if index < replies.count { replies[index] = again[0] } else { replies += again }
                hasRun = true
            } catch {
                throw hasRun ? error.ofRequestRunInPart : error
            }
        }
        return replies
    }

    private func attemptOnLease<Sent: Request>(
        _ request: Sent, _ slot: HashSlot?, of database: BlockingRedisDatabase, until deadline: Deadline
    ) throws(ConnectionFailure) -> Sent.Received {
        var redirections = RedirectionMachine(until: deadline)
        while true {
            let step: RedirectionMachine.Step
            let outcome: Result<Sent.Received, ConnectionFailure>
            do {
                let target = try target(of: slot, nil, until: deadline)
                let replies = try watchedBlocking(at: target) { () throws(ConnectionFailure) in
                    try database.attempt(request, by: .lease, over: target.node.blocking, until: deadline)
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
            if pause > .zero { sleepThread(for: pause) }
            if refresh { self.refresh(until: deadline) }
        }
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
