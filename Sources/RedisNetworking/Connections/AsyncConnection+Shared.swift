import Dispatch

extension AsyncConnection {
    /// What the mutex guards: the machine, who uses the wire, and what the pump has to look at.
    struct Shared: Sendable {
        /// Who may touch the wire.
        enum WireUser: Sendable {
            /// It runs, or is about to.
            case pump
            /// The pump sleeps; whoever gives it something to do resumes it.
            case nobody(pump: UnsafeContinuation<Void, Never>)
            /// The pump sleeps, and a lone caller writes and reads for itself.
            case caller(pump: UnsafeContinuation<Void, Never>)
        }

        var machine: ConnectionMachine<Waiter>
        var user = WireUser.pump
        var inline: InlineBudget
        /// Who reads what is pushed.
        var router = PushRouter<PushQueue>()

        // What the pump has to look at.
        /// How connecting and the handshake went, until the pump has seen it. The wire is the pump's from then on.
        nonisolated(unsafe) var connected: Result<(wire: Wire, after: Duration), ConnectionFailure>?
        /// The socket is ready or has ended, or a deadline may have passed: the pump is to take a turn.
        var mustLook = false
        /// Why the connection must end.
        var ending: ConnectionFailure?

        /// The pump's socket; nil before it has one, and after the end.
        var descriptor: Int32?
        /// The poller tells when bytes have come. It does so while somebody waits for them, and not while the wire's
        /// user reads anyway: each event costs more than a read.
        var readWatch: Watch?
        /// The socket takes no more bytes for now; the poller tells when it does again.
        var writeWatch: Watch?
        /// When the next look at the connection is due; see `AsyncConnection.look`.
        var nextLook = Moment.never
        /// Those that are due behind it, the next one last: each has its timer.
        var laterLooks: [Moment] = []
        /// Timers that have not gone off.
        var timersAhead = 0
        /// The wire was used since the last look was asked for.
        var wasUsed = false

        var closeWaiters: [UnsafeContinuation<Void, Never>] = []
        /// The connection has ended, and the pump with it.
        var isGone = false

        init(_ settings: ConnectionSettings, _ pushes: PushQueue?) {
            machine = ConnectionMachine(settings)
            inline = InlineBudget(limit: settings.pollingTime)
            if let pushes { _ = router.register(pushes, for: .rest) }
        }

        var hasWorkForPump: Bool {
            (machine.hasOutgoing && descriptor != nil && writeWatch == nil) || mustLook || connected != nil
                || ending != nil || machine.isDrained
        }

        /// The sleeping pump with the right to the wire, to be resumed outside the lock; nil if it is awake.
        mutating func takePump() -> UnsafeContinuation<Void, Never>? {
            guard case .nobody(let pump) = user else { return nil }
            user = .pump
            return pump
        }

        /// The same if the pump has something to do.
        mutating func takePumpIfNeeded() -> UnsafeContinuation<Void, Never>? {
            hasWorkForPump ? takePump() : nil
        }

        /// Lends the wire to a caller if the connection is idle and its budget allows.
        mutating func beginInline() -> InlineBudget.Step {
            guard case .nobody(let pump) = user, descriptor != nil, machine.isIdle, !hasWorkForPump else {
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
    }
}
