extension AsyncConnection {
    /// What the mutex guards: the machine, who uses the wire, and what is to be done.
    struct Shared: Sendable {
        /// Who may touch the wire.
        ///
        /// ```
        /// nobody ◀──rests── pump ──yields──▶ awaited ──too long──▶ poller
        ///   │ └─work─▶ awaited ──its turn──▶ pump          └◀──turn over──┘
        ///   └─lone caller─▶ caller ──▶ nobody
        /// ```
        enum WireUser: Sendable {
            /// The pump, which runs.
            case pump
            /// The pump, which waits for a thread: it was resumed, or has yielded. From `late` on that is too long.
            case awaited(late: Moment)
            /// The pump sleeps; whoever gives it something to do resumes it.
            case nobody(pump: UnsafeContinuation<Void, Never>)
            /// The pump sleeps, and a lone caller writes and reads for itself.
            case caller(pump: UnsafeContinuation<Void, Never>)
            /// The poller's thread takes a turn for a pump that found no thread. If that came meanwhile, it waits.
            case poller(pump: UnsafeContinuation<Void, Never>?)

            static var awaitedFromNow: WireUser { .awaited(late: .now + AsyncConnection.patience) }
        }

        var machine: ConnectionMachine<Waiter>
        var user: WireUser
        var inline: InlineBudget
        /// Who reads what is pushed.
        var router = PushRouter<PushQueue>()

        /// The circuit's leave to connect, once it is given.
        var attempt: Circuit.Attempt?

        // What there is to do.
        /// How connecting and the handshake went, until the wire's user has seen it. The wire is its own from then on.
        nonisolated(unsafe) var connected: Result<(wire: Wire, after: Duration), ConnectionFailure>?
        /// The socket is ready or has ended.
        var mustLook = false
        /// Why the connection must end.
        var ending: ConnectionFailure?
        /// Bytes handed out that the socket has not taken.
        var unwritten = 0

        /// The socket; nil before there is one, and after the end.
        var descriptor: Int32?
        /// The poller tells when bytes have come. It does so while somebody waits for them, and not while the wire's
        /// user reads anyway: each event costs more than a read.
        var readWatch: Watch?
        /// The socket takes no more bytes for now; the poller tells when it does again.
        var writeWatch: Watch?

        /// When the poller looks at the connection next.
        var nextLook = Moment.never
        /// When connecting and the handshake have taken too long; never before they begin.
        var endOfConnecting = Moment.never
        /// When a connection that closes waits no longer for those in line.
        var endOfGrace = Moment.never
        /// The poller took the pump's turn, and that has not come since: what there is to do is the poller's.
        var isPumpLate = false
        /// The wire was used since the last look, and when a look last found that.
        var wasUsed = false
        var lastUse = Moment.past
        /// When the poller looks whether the connection is idle; never while that is known.
        var idleLook = Moment.never
        /// When it looks again at what it could not see to.
        var lookLater = Moment.never

        var closeWaiters: [Suspended<Void>] = []
        /// The connection has ended.
        var isGone = false

        init(_ settings: ConnectionSettings, _ pushes: PushQueue?) {
            machine = ConnectionMachine(settings)
            inline = InlineBudget(limit: settings.pollingTime)
            user = .awaitedFromNow
            if let pushes { _ = router.register(pushes, for: .rest) }
        }

        var hasWork: Bool {
            (machine.hasOutgoing && descriptor != nil && writeWatch == nil) || mustLook || connected != nil
                || ending != nil || machine.isDrained
        }

        // MARK: Using the wire

        /// Lends the wire to a caller if the connection is idle and its budget allows.
        mutating func beginInline() -> InlineBudget.Step {
            guard case .nobody(let pump) = user, descriptor != nil, machine.isIdle, !hasWork else {
                return .suspend
            }
            let step = inline.next()
            guard case .watch = step else { return step }
            guard Watchers.enter() else { return .suspend }
            user = .caller(pump: pump)
            unwatchReading()
            wasUsed = true
            return step
        }

        /// Takes the wire back from that caller; for `AsyncConnection.letGo`.
        mutating func endInline() {
            Watchers.leave()
            if case .caller(let pump) = user { user = .nobody(pump: pump) }
        }

        /// The pump has its thread; false if the poller uses the wire yet.
        mutating func beginTurn() -> Bool {
            if case .poller = user { return false }
            user = .pump
            isPumpLate = false
            wasUsed = true
            return true
        }

        /// Has `pump` resumed when the poller has finished; false if it has.
        mutating func awaitPoller(_ pump: UnsafeContinuation<Void, Never>) -> Bool {
            guard case .poller = user else { return false }
            user = .poller(pump: pump)
            return true
        }

        /// The poller's turn is over; the pump to be resumed, if that came meanwhile.
        mutating func endStandIn() -> UnsafeContinuation<Void, Never>? {
            guard case .poller(let pump) = user else { return nil }
            user = .awaitedFromNow
            return pump
        }

        /// Nobody uses the wire: soon the poller looks whether the connection is idle.
        mutating func rests() {
            if idleLook == .never { idleLook = .now + AsyncConnection.idleTime }
        }

        // MARK: Watches

        mutating func unwatchReading() {
            if let readWatch { Poller.shared.unwatch(readWatch) }
            readWatch = nil
        }

        /// Nobody may watch a socket that is about to be closed.
        mutating func unwatch() {
            unwatchReading()
            if let writeWatch { Poller.shared.unwatch(writeWatch) }
            writeWatch = nil
        }

        /// A watch is over: the socket is ready for it. One that was called off meanwhile counts for nothing.
        mutating func isOver(_ watch: Watch) {
            if watch == readWatch {
                readWatch = nil
            } else if watch == writeWatch {
                writeWatch = nil
            } else {
                return
            }
            // If the wire is in use, whoever uses it will look.
            mustLook = true
        }

        // MARK: Who acts next

        /// What follows from a change, to be done outside the lock: every change ends with it.
        mutating func settle() -> Consequences {
            var consequences = Consequences()
            if hasWork, case .nobody(let pump) = user {
                user = .awaitedFromNow
                consequences.pump = pump
            }
            let look = wantedLook
            if look < nextLook {
                nextLook = look
                consequences.look = look
            }
            return consequences
        }

        /// When the poller must look for what nothing else tells it of.
        var wantedLook: Moment {
            var look = min(endOfGrace, idleLook, lookLater)
            if machine.isHandshaking, connected == nil { look = min(look, endOfConnecting) }
            if machine.requestsInLine > 0, lookLater == .never { look = min(look, machine.nextDeadline) }
            if case .awaited(let late) = user {
                // A pump that is late may come at any time; what there is to do is done without it.
                if !isPumpLate { look = min(look, late) } else if hasWork { look = .past }
            }
            return isGone ? .never : look
        }
    }

    /// What is done outside the lock after a change.
    struct Consequences {
        /// Sleeps, and has something to do.
        var pump: UnsafeContinuation<Void, Never>?
        /// When the poller is to look, if earlier than it would.
        var look = Moment.never
    }

    /// How long the pump may wait for a thread before the poller's thread takes its turn: long against a busy pool's
    /// queue, short against any deadline.
    static let patience = Duration.milliseconds(5)
    /// Who connects knows best why that took too long, and says so by then.
    static let timeForVerdict = Duration.milliseconds(50)
}
