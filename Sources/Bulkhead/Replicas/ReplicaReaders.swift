import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP
import Synchronization

/// The replicas that answer reads, and the connections to them: does what ``ReplicaMachine`` decides.
///
/// A replica that hangs says nothing. So while reads wait somewhere each of those replicas is asked too, and one that
/// answers nothing is left: what waits there fails, and its caller reads elsewhere.
final class ReplicaReaders: ServerKeeper {
    private struct State: Sendable {
        var machine: ReplicaMachine
        var readers: [Endpoint: Reader] = [:]
        var isClosed = false
    }

    /// A replica, the connections that read there, and whether it answers.
    final class Reader: Sendable {
        let endpoint: Endpoint
        let node: Node
        private let open = Atomic(0)
        private let answered = Atomic(0)

        fileprivate init(_ endpoint: Endpoint, _ node: Node) {
            self.endpoint = endpoint
            self.node = node
        }

        fileprivate func began() { open.add(1, ordering: .sequentiallyConsistent) }

        fileprivate func ended(isAnswered: Bool) {
            if isAnswered { answered.add(1, ordering: .relaxed) }
            open.subtract(1, ordering: .sequentiallyConsistent)
        }

        /// Reads are under way.
        fileprivate var isAsked: Bool { open.load(ordering: .sequentiallyConsistent) > 0 }

        fileprivate var answers: Int { answered.load(ordering: .relaxed) }
    }

    private let makeNode: @Sendable (Endpoint) -> Node
    private let state: Mutex<State>
    private let question: [UInt8]
    private let questions: Int
    let lookout = Lookout()

    /// How long a replica has to say how fresh it is.
    private static let timeToAnswer = Duration.seconds(2)
    /// How long what is under way at a replica may take when it is none any more.
    private static let timeToLeave = Duration.seconds(5)

    /// `zone` is that of the replicas that may answer, and nil does not matter.
    init(_ reads: RedisReads, zone: String?, _ makeNode: @escaping @Sendable (Endpoint) -> Node) {
        self.makeNode = makeNode
        state = Mutex(
            State(
                machine: ReplicaMachine(
                    reads.servers.map(\.endpoint), bound: reads.staleness, zone: reads.areOfZone ? zone : nil)))
        let isZoneOfInterest = reads.areOfZone
        questions = isZoneOfInterest ? 2 : 1
        question =
            Self.encoded("INFO", "replication") + (isZoneOfInterest ? Self.encoded("INFO", "server") : [])
    }

    var nodes: [Node] { state.withLock { $0.readers.values.map(\.node) } }

    func refuseRequests() { state.withLock { $0.isClosed = true } }

    /// Who answers the next read; nil is the primary. `group` are those that have its keys, if not all have, and
    /// `tried` those that failed it. `discover` asks somebody which replicas there are, where that is to be known.
    func next(
        of group: [Endpoint]? = nil, besides tried: [Endpoint] = [],
        discover: @escaping @Sendable () async -> [Endpoint]?
    ) -> Reader? {
        let (reader, checks, mustDiscover) = state.withLock { state -> (Reader?, [Reader], Bool) in
            if state.isClosed { return (nil, [], false) }
            let choice = state.machine.choose(at: .now, of: group, besides: tried)
            let checks = choice.checks.map { endpoint in
                if let reader = state.readers[endpoint] { return reader }
                let reader = Reader(endpoint, makeNode(endpoint))
                state.readers[endpoint] = reader
                return reader
            }
            return (choice.replica.flatMap { state.readers[$0] }, checks, choice.mustDiscover)
        }
        if mustDiscover {
            Task.detached { [weak self] in
                let found = await discover()
                self?.discovered(found)
            }
        }
        for reader in checks { check(reader) }
        return reader
    }

    /// A read could not be had from it.
    func failed(_ endpoint: Endpoint) { state.withLock { $0.machine.failed(endpoint) } }

    /// These are all there are; nil is not known.
    func discovered(_ found: [Endpoint]?) {
        let gone = state.withLock { state in
            state.machine.discovered(found, at: .now).compactMap { state.readers.removeValue(forKey: $0) }
        }
        for reader in gone {
            reader.node.leave(grace: Self.timeToLeave)
            Task.detached {
                if await sleepTask(for: Self.timeToLeave) { reader.node.abandon() }
            }
        }
    }

    /// There may be others by now.
    func doubt() { state.withLock { $0.machine.doubt(at: .now) } }

    /// One that is slow gets half of the time, so that others have the other half.
    static func share(of deadline: Deadline) -> Deadline {
        deadline.end == Deadline.none.end ? deadline : Deadline(after: Timeout(deadline.left / 2))
    }

    // MARK: Replicas that hang

    /// Has a replica answer a read; fails when the replica is left.
    func read<Replies>(
        at reader: Reader, _ body: () async throws(ConnectionFailure) -> Replies
    ) async throws(ConnectionFailure) -> Replies {
        began(reader)
        do {
            let replies = try await body()
            reader.ended(isAnswered: true)
            return replies
        } catch {
            reader.ended(isAnswered: false)
            throw error
        }
    }

    /// The same on the caller's thread.
    func readBlocking<Replies>(
        at reader: Reader, _ body: () throws(ConnectionFailure) -> Replies
    ) throws(ConnectionFailure) -> Replies {
        began(reader)
        do {
            let replies = try body()
            reader.ended(isAnswered: true)
            return replies
        } catch {
            reader.ended(isAnswered: false)
            throw error
        }
    }

    private func began(_ reader: Reader) {
        reader.began()
        keepLooking()
    }

    /// Reads are under way somewhere.
    var isAsked: Bool { state.withLock { $0.readers.values.contains(where: \.isAsked) } }

    func look() {
        let due = state.withLock { state in
            state.readers.values.filter { $0.isAsked && state.machine.beginCheck($0.endpoint, at: .now) }
        }
        for reader in due { check(reader) }
    }

    private func check(_ reader: Reader) {
        Task.detached { [weak self, question, questions] in
            let (start, answers) = (Moment.now, reader.answers)
            let ask = { (lane: Lane) async -> (replies: [RESPValue]?, failure: ConnectionFailure?) in
                do throws(ConnectionFailure) {
                    let deadline = Deadline(after: Timeout(Self.timeToAnswer))
                    return (try await reader.node.sendAll(question, count: questions, on: lane, until: deadline), nil)
                } catch {
                    return (nil, error)
                }
            }
            // A refused connection is no silence. Where none could be made in time, an open circuit says so at once.
            let isSilent = { (failure: ConnectionFailure?, time: Duration) async -> Bool in
                guard failure?.isOfSilence == true, reader.isAsked, reader.answers == answers else { return false }
                _ = await sleepTask(for: time - (Moment.now - start))
                return reader.isAsked && reader.answers == answers
            }
            let first = await ask(.shared)
            self?.state.withLock { state in
                state.machine.answered(reader.endpoint, ReplicaMachine.Word(first.replies), askedAt: start, at: .now)
            }
            guard await isSilent(first.failure, Self.timeToAnswer) else { return }
            // A long reply may fill that lane: the other one is asked.
            if await isSilent(await ask(.bulk).failure, Self.timeToAnswer * 2) { self?.leave(reader) }
        }
    }

    private func leave(_ reader: Reader) {
        let isLeft = state.withLock { state in
            guard state.readers[reader.endpoint] === reader else { return false }
            state.readers[reader.endpoint] = nil
            state.machine.failed(reader.endpoint)
            return true
        }
        if isLeft { reader.node.abandon() }
    }

    static func encoded(_ words: String...) -> [UInt8] {
        var encoder = RESPEncoder(capacity: 64)
        encoder.command(argumentCount: words.count)
        for word in words { encoder.argument(word) }
        return encoder.bytes
    }
}

extension ConnectionFailure {
    /// The server said nothing for so long.
    fileprivate var isOfSilence: Bool {
        switch reason {
        case .timedOut, .connectTimedOut, .handshakeUnanswered: true
        default: false
        }
    }
}

extension ReplicaMachine.Word {
    /// The replies to `INFO replication` and, where it was asked, `INFO server`, if any came.
    init(_ replies: [RESPValue]?) {
        self = .useless
        guard let info = replies?.first.flatMap({ try? RedisInfo(redis: $0) }), info["role"] == "slave",
            info["master_sync_in_progress"] != "1"
        else { return }
        let field = info["master_link_status"] == "up" ? "master_last_io_seconds_ago" : "master_link_down_since_seconds"
        // It counts below zero where it has never heard anything.
        guard let seconds = info[field].flatMap({ Int($0) }), seconds >= 0 else { return }
        let server = replies?.dropFirst().first.flatMap { try? RedisInfo(redis: $0) }
        self = .follows(lastHeard: seconds, zone: server?["availability_zone"])
    }
}

extension Replies {
    /// True if another server may answer better: this one cannot serve now.
    var mayBeBetterElsewhere: Bool { mayNotStand || firstError?.starts(with: "BUSY ".utf8) == true }
}

extension Request {
    /// True if all it does is to read keys that it names, in one step each.
    var onlyReadsKeys: Bool {
        guard RedisSideEffect(encoded: bytes) == .read else { return false }
        return EncodedCommand.commands(of: bytes).allSatisfy { command in
            !Self.scans.contains(command.name) && !command.keys.isEmpty
        }
    }

    /// A cursor is one server's.
    private static var scans: Set<String> { ["SSCAN", "HSCAN", "ZSCAN"] }
}
