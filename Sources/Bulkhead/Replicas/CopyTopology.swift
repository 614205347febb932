import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP
import Synchronization

/// Several copies of one data set, of which one is in use: see ``CopyMachine``.
///
/// From the first request on each copy is asked, in a task of its own, whether it is well. Requests count too. One that
/// was not sent because its server fails waits for the next copy, until its own deadline.
final class CopyTopology: RoutedTopology {
    private struct State: Sendable {
        var machine: CopyMachine
        var isChecking = false
        var isClosed = false

        /// True of the first request.
        mutating func isFirst() -> Bool {
            if isChecking || isClosed { return false }
            isChecking = true
            return true
        }
    }

    let nodes: [Node]
    private let places: [Endpoint]
    private let rules: RedisCopies
    private let listeners: [ConnectionEvents.Listener?]
    private let state: Mutex<State>

    /// Between two attempts at a server that fails and is not given up yet.
    private static let pause = Duration.milliseconds(20)

    /// The best first. `listeners` are told where a copy comes into use.
    init(_ nodes: [Node], at places: [Endpoint], _ listeners: [ConnectionEvents.Listener?], _ rules: RedisCopies) {
        self.nodes = nodes
        self.places = places
        self.listeners = listeners
        self.rules = rules.normal
        state = Mutex(State(machine: CopyMachine(nodes.count, rules.normal)))
    }

    func scanMark(of slot: HashSlot?, _ form: ScanMark.Form) -> ScanMark {
        let current = current
        return ScanMark(of: [nodes[current]], form, at: current)
    }

    func refuseRequests() { state.withLock { $0.isClosed = true } }

    func renew(since moment: Moment) -> Bool { nodes[current].renew(since: moment) }

    /// Which copy is in use.
    var current: Int { state.withLock { $0.machine.current } }

    // MARK: What is learnt

    /// Nil is an answer.
    fileprivate func learn(_ index: Int, _ failure: ConnectionFailure?) {
        let (moved, isFirst) = state.withLock { state in
            let hasMoved =
                failure == nil
                ? state.machine.answered(index, at: .now) : state.machine.failed(index, at: .now)
            return (hasMoved ? state.machine.current : nil, state.isFirst())
        }
        if let moved { listeners[moved]?.notify(.cameIntoUse(failure)) }
        beginChecks(if: isFirst)
    }

    /// From the first request on, whatever it was answered.
    private func beginChecks(if isFirst: Bool) {
        if isFirst { for index in nodes.indices { check(index) } }
    }

    private func check(_ index: Int) {
        let interval = rules.checkInterval
        Task.detached { [weak self] in
            while let self, !self.state.withLock({ $0.isClosed }) {
                await self.checkOnce(index)
                guard await sleepTask(for: interval) else { return }
            }
        }
    }

    private func checkOnce(_ index: Int) async {
        var failure = await ask(index, on: .shared)
        // A long reply may fill that lane: the other one is asked.
        if failure?.reason == .timedOut { failure = await ask(index, on: .bulk) }
        if let failure, !failure.speaksAgainstServer, failure.reason != .timedOut {
            // A server that refuses our login is there, and so is one that is too busy to be asked.
            return
        }
        learn(index, failure)
        guard let failure, failure.reason != .notPrimary else { return }
        // It answers nothing, and another one is in use: what waits there would wait for ever, if its callers let it.
        if state.withLock({ $0.machine.hasLeft(index, at: .now) }) { nodes[index].supersede() }
    }

    /// Whether it is well; nil if it is. Each lane gets half of the time that a server has to answer.
    private func ask(_ index: Int, on lane: Lane) async -> ConnectionFailure? {
        do throws(ConnectionFailure) {
            let replies = try await nodes[index].sendAll(
                Self.questions, count: 2, on: lane, until: Deadline(after: Timeout(rules.checkInterval / 2)))
            return Self.isWell(replies) ? nil : Self.unwell(places[index])
        } catch {
            return error
        }
    }

    private static let questions: [UInt8] = {
        var encoder = RESPEncoder(capacity: 64)
        encoder.command("PING", argumentCount: 1)
        encoder.command("ROLE", argumentCount: 1)
        return encoder.bytes
    }()

    /// It serves, and it is no replica, which would refuse what is written.
    private static func isWell(_ replies: [RESPValue]) -> Bool {
        if replies[0].errorMessage != nil { return false }
        return (try? RedisRole(redis: replies[1]))?.name != "slave"
    }

    private static func unwell(_ endpoint: Endpoint) -> ConnectionFailure {
        ConnectionFailure(.notPrimary, "\(endpoint) is a replica, or does not serve now")
    }

    // MARK: Requests

    /// Learns from a request that failed; true if it is tried anew: nothing of it was sent, and its server fails.
    fileprivate func isAnother(after failure: ConnectionFailure, of index: Int, until deadline: Deadline) -> Bool {
        if failure.speaksAgainstServer { learn(index, failure) }
        return failure.stage.isSafeToRetry && (failure.speaksAgainstServer || failure.reason == .superseded)
            && !deadline.isOver && !state.withLock { $0.isClosed }
    }

    /// What replies say of their server: whether it can serve. An error of a script says nothing.
    fileprivate func learn<Sent: Request>(_ index: Int, from replies: Sent.Received, to request: Sent) {
        guard replies.mayNotStand else { return learn(index, nil) }
        if request.mayAnswerForItself { return beginChecks(if: state.withLock { $0.isFirst() }) }
        learn(index, Self.unwell(places[index]))
    }
}

extension CopyTopology {
    func lease(
        of question: SlotQuestion?, until deadline: Deadline
    ) async throws(ConnectionFailure) -> (AsyncConnection, Node) {
        beginChecks(if: state.withLock { $0.isFirst() })
        while true {
            let index = current
            let leases = nodes[index].leases
            do throws(ConnectionFailure) {
                let connection = try await leases.lease(until: deadline)
                guard let failure = await connection.failureBeforeReady(until: deadline) else {
                    return (connection, nodes[index])
                }
                leases.release(connection, reusable: false)
                throw failure
            } catch {
                guard isAnother(after: error, of: index, until: deadline) else { throw error }
                if index == current, !(await sleepTask(for: Self.pause)) { throw error }
            }
        }
    }

    func leaseBlocking(
        of question: SlotQuestion?, until deadline: Deadline
    ) throws(ConnectionFailure) -> (BlockingConnection, Node) {
        beginChecks(if: state.withLock { $0.isFirst() })
        while true {
            let index = current
            do {
                return (try nodes[index].blocking.lease(until: deadline), nodes[index])
            } catch {
                guard isAnother(after: error, of: index, until: deadline) else { throw error }
                if index == current { sleepThread(for: Self.pause) }
            }
        }
    }

    func attempt<Sent: Request>(
        _ request: Sent, by way: Way, of database: RedisDatabase, until deadline: Deadline
    ) async throws(ConnectionFailure) -> Sent.Received {
        while true {
            let index = current
            do {
                let replies: Sent.Received
                if case .lane(let lane) = way {
                    replies = try await request.send(over: nodes[index], on: lane, until: deadline)
                } else {
                    replies = try await database.attemptOnLease(request, of: nodes[index], until: deadline)
                }
                learn(index, from: replies, to: request)
                return replies
            } catch {
                guard isAnother(after: error, of: index, until: deadline) else { throw error }
                if index == current, !(await sleepTask(for: Self.pause)) { throw error }
            }
        }
    }

    func attempt<Sent: Request>(
        _ request: Sent, by way: Way, of database: BlockingRedisDatabase, until deadline: Deadline
    ) throws(ConnectionFailure) -> Sent.Received {
        while true {
            let index = current
            do {
                let replies = try database.attempt(request, by: way, over: nodes[index].blocking, until: deadline)
                learn(index, from: replies, to: request)
                return replies
            } catch {
                guard isAnother(after: error, of: index, until: deadline) else { throw error }
                if index == current { sleepThread(for: Self.pause) }
            }
        }
    }
}

extension ConnectionFailure {
    /// Its server was not there. A call's own time, which may be short, says nothing.
    fileprivate var speaksAgainstServer: Bool {
        switch reason {
        case .nameNotResolved, .connectFailed, .connectTimedOut, .handshakeUnanswered, .closedByServer, .inputOutput,
            .tlsFailed, .notPrimary, .primaryAwaited, .primaryUnknown:
            true
        default: false
        }
    }
}
