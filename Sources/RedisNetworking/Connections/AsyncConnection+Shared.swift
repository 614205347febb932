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

        // What the pump has to look at.
        /// How connecting and the handshake went, until the pump has seen it. The wire is the pump's from then on.
        nonisolated(unsafe) var connected: Result<Wire, ConnectionFailure>?
        /// The read source fired while the wire was in use. After a hang-up it does not fire again.
        var isReadable = false
        var isWritable = false
        /// Why the connection must end.
        var ending: ConnectionFailure?

        /// The socket takes no more bytes for now.
        var waitsForRoom = false
        /// The pump's socket; nil before it has one, and after the end.
        var descriptor: Int32?
        /// Tells when bytes have come. It is there while somebody waits for them, and gone while the wire's user reads
        /// anyway: each event costs more than a read.
        nonisolated(unsafe) var readSource: (any DispatchSourceRead)?
        /// When the next look at the connection is due; see `AsyncConnection.look`.
        var nextLook = Moment.never
        /// The wire was used since the last such look.
        var wasUsed = false

        var closeWaiters: [UnsafeContinuation<Void, Never>] = []
        /// The connection has ended, and the pump with it.
        var isGone = false

        init(_ settings: ConnectionSettings) {
            machine = ConnectionMachine(settings)
            inline = InlineBudget(limit: settings.pollingTime)
        }

        var hasWorkForPump: Bool {
            (machine.hasOutgoing && descriptor != nil && !waitsForRoom) || isReadable || isWritable || connected != nil
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
            unwatch()
            wasUsed = true
            return step
        }

        /// Takes the wire back; returns the pump if there is something to do for it.
        mutating func endInline() -> UnsafeContinuation<Void, Never>? {
            Watchers.leave()
            if case .caller(let pump) = user { user = .nobody(pump: pump) }
            return takePumpIfNeeded()
        }

        mutating func unwatch() {
            readSource.map(AsyncConnection.end)
            readSource = nil
        }
    }
}
