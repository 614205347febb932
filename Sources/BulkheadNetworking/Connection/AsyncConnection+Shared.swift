extension AsyncConnection {
    /// What the mutex guards: the machine, who uses the wire, and what is to be done.
    struct Shared: Sendable {
        /// Who may touch the wire.
        ///
        /// ```
        /// nobody ◀──rests── I/O task ──yields──▶ awaited ──too long──▶ poller
        ///   │ └─work─▶ awaited ──its turn──▶ I/O task          └◀──turn over──┘
        ///   └─lone caller─▶ caller ──▶ nobody
        /// ```
        enum IOOwner: Sendable {
            /// The I/O task, which runs.
            case ioTask
            /// The I/O task, which waits for a thread: it was resumed, or has yielded. From `late` on that is too long.
            case awaited(late: Moment)
            /// The I/O task sleeps; whoever gives it something to do resumes it.
            case nobody(ioTask: UnsafeContinuation<Void, Never>)
            /// The I/O task sleeps, and a lone caller writes and reads for itself.
            case caller(ioTask: UnsafeContinuation<Void, Never>)
            /// The poller's thread takes a turn for an I/O task that found no thread. If that came meanwhile, it waits.
            case poller(ioTask: UnsafeContinuation<Void, Never>?)

            static var awaitedFromNow: IOOwner { .awaited(late: .now + AsyncConnection.ioTaskTimeout) }
        }

        var machine: ConnectionMachine<Waiter>
        var owner: IOOwner
        var inline: InlineBudget

        /// The circuit's leave to connect, once it is given.
        var attempt: Circuit.Attempt?

        // What there is to do.
        /// How connecting and the handshake went, until the owner of the I/O has seen it. The wire is its own from then
        /// on.
        nonisolated(unsafe) var connected: Connected?
        /// The socket is ready or has ended.
        var mustLook = false
        /// Why the connection must end.
        var ending: ConnectionFailure?
        /// Bytes handed out that the socket has not taken.
        var unwritten = 0

        /// The socket; nil before there is one, and after the end.
        var descriptor: Int32?
        /// The poller notifies when bytes have come. It does so while somebody waits for them, and not while the owner
        /// of the I/O reads anyway: each event costs more than a read.
        var readWatch: Watch?
        /// The socket takes no more bytes for now; the poller notifies when it does again.
        var writeWatch: Watch?

        /// When the poller looks at the connection next.
        var nextLook = Moment.never
        /// When connecting and the handshake have taken too long; never before they begin.
        var endOfConnecting = Moment.never
        /// When a connection that closes waits no longer for those in the queue.
        var endOfGrace = Moment.never
        /// The poller took the I/O task's turn, and that has not come since: what there is to do is the poller's.
        var isIOTaskLate = false
        /// Requests from the pool's threads since: many show that these work, and that the I/O task's turn comes.
        var requestsWhileLate = 0
        /// When the poller takes its next turn.
        var nextStandIn = Moment.past
        /// The wire was used since the last look, and when a look last found that.
        var wasUsed = false
        var lastUse = Moment.past
        /// When the poller looks whether the connection is idle; never while that is known.
        var idleLook = Moment.never
        /// When it looks again at what it could not see to.
        var lookLater = Moment.never
        /// When it asks callers whether their tasks were cancelled; never while nobody is to be asked.
        var cancellationLook = Moment.never
        /// When it last did.
        var lastCancellationLook = Moment.past

        var closeWaiters: [Suspended<Void>] = []
        /// The connection has ended.
        var isGone = false

        init(_ settings: ConnectionSettings) {
            machine = ConnectionMachine(settings)
            inline = InlineBudget(limit: settings.spinTime)
            owner = .awaitedFromNow
        }

        /// Mutating only so that all of this, a kilobyte, is not copied for the question.
        var hasWork: Bool {
            mutating get {
                (machine.hasOutgoing && descriptor != nil && writeWatch == nil) || mustLook || connected != nil
                    || ending != nil || machine.isDrained
            }
        }

        // MARK: Using the wire

        /// Lends the wire to a caller if the connection is idle and its budget allows.
        mutating func beginInline() -> InlineBudget.Step {
            guard case .nobody(let ioTask) = owner, descriptor != nil, machine.isIdle, !hasWork else {
                return .suspend
            }
            let step = inline.next()
            guard case .spin = step else { return step }
            guard Spinners.enter() else { return .suspend }
            owner = .caller(ioTask: ioTask)
            unwatchReading()
            wasUsed = true
            return step
        }

        /// Takes the wire back from that caller; for `AsyncConnection.releaseIO`.
        mutating func endInline() {
            Spinners.leave()
            if case .caller(let ioTask) = owner { owner = .nobody(ioTask: ioTask) }
        }

        /// The I/O task has its thread; false if the poller uses the wire yet.
        mutating func beginTurn() -> Bool {
            if case .poller = owner { return false }
            owner = .ioTask
            isIOTaskLate = false
            wasUsed = true
            return true
        }

        /// Has I/O task resumed when the poller has finished; false if it has.
        mutating func awaitPoller(_ ioTask: UnsafeContinuation<Void, Never>) -> Bool {
            guard case .poller = owner else { return false }
            owner = .poller(ioTask: ioTask)
            return true
        }

        /// The poller's turn is over; the I/O task to be resumed, if that came meanwhile.
        mutating func endStandIn(at now: Moment) -> UnsafeContinuation<Void, Never>? {
            guard case .poller(let ioTask) = owner else { return nil }
            owner = .awaitedFromNow
            nextStandIn = .past
            if requestsWhileLate >= AsyncConnection.manyRequests {
                nextStandIn = now + AsyncConnection.pauseForCallers
                // One more until the next turn shows that they still are at work.
                requestsWhileLate = AsyncConnection.manyRequests - 1
            }
            return ioTask
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
            if hasWork, case .nobody(let ioTask) = owner {
                owner = .awaitedFromNow
                consequences.ioTask = ioTask
            }
            let look = wantedLook()
            if look < nextLook {
                nextLook = look
                consequences.look = look
            }
            return consequences
        }

        /// When the poller must look for what nothing else tells it of. Mutating only so that all of this is not copied
        /// for the question.
        private mutating func wantedLook() -> Moment {
            var look = min(min(endOfGrace, idleLook), min(lookLater, cancellationLook))
            if machine.isHandshaking, connected == nil { look = min(look, endOfConnecting) }
            if machine.queuedRequests > 0, lookLater == .never { look = min(look, machine.nextDeadline) }
            if case .awaited(let late) = owner {
                // A I/O task that is late may come at any time; what there is to do is done without it.
                if !isIOTaskLate { look = min(look, late) } else if hasWork { look = min(look, nextStandIn) }
            }
            return isGone ? .never : look
        }
    }

    /// How connecting and the handshake went. In a box, as every change looks whether there is one.
    indirect enum Connected {
        case ready(Wire, after: Duration)
        case failed(ConnectionFailure)
    }

    /// What is done outside the lock after a change.
    struct Consequences {
        /// Sleeps, and has something to do.
        var ioTask: UnsafeContinuation<Void, Never>?
        /// When the poller is to look, if earlier than it would.
        var look = Moment.never
    }

    /// How long the I/O task may wait for a thread before the poller's thread takes its turn: long against a busy
    /// pool's queue, short against any deadline.
    static let ioTaskTimeout = Timeout(.milliseconds(5))
    /// Who connects knows best why that took too long, and says so by then.
    static let timeForVerdict = Duration.milliseconds(50)
}
