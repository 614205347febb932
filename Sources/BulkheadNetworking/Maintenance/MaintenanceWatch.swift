import BulkheadRESP
import Synchronization

/// What a server has announced of its maintenance, for all connections to it.
package final class MaintenanceWatch: Sendable {
    /// What follows from an announcement.
    package enum Consequence: Sendable {
        /// Connections take no new requests.
        case retire
        /// The map of a cluster's slots is old.
        case askForMap
    }

    /// The watch refers to it weakly; whoever acts keeps it.
    package final class Callback: Sendable {
        fileprivate let server: Endpoint?
        fileprivate let act: @Sendable (Consequence) -> Void

        /// `server` has the connections that are retired; nil has none.
        package init(of server: Endpoint? = nil, _ act: @escaping @Sendable (Consequence) -> Void) {
            self.server = server
            self.act = act
        }
    }

    private struct WeakCallback: Sendable {
        weak let callback: Callback?
    }

    private struct State: Sendable {
        var machine: MaintenanceMachine
        var callbacks: [WeakCallback] = []
    }

    /// What is asked of the server: `internal-ip` …
    let endpointKind: String
    private let extraTime: Duration
    private let isOfCluster: Bool
    private let state: Mutex<State>
    /// Something has been announced; so that nobody else takes the mutex.
    private let hasHeard = Atomic(false)

    /// A call that begins while answers may be late gets `extraTime` more.
    package init(asking endpointKind: String, extraTime: Duration, isOfCluster: Bool = false) {
        self.endpointKind = endpointKind
        self.extraTime = extraTime
        self.isOfCluster = isOfCluster
        state = Mutex(State(machine: MaintenanceMachine(isOfCluster: isOfCluster)))
    }

    package func watch(_ callback: Callback) {
        state.withLock { state in
            state.callbacks.removeAll { $0.callback == nil }
            state.callbacks.append(WeakCallback(callback: callback))
        }
    }

    /// Takes what a server has pushed; false if that is no announcement.
    func heard(_ push: RESPValue, from server: Endpoint) -> Bool {
        guard let (id, message) = MaintenanceMessage.read(push, from: isOfCluster ? server : nil) else { return false }
        let (step, callbacks) = state.withLock { state in
            (state.machine.heard(id, message, at: .now), state.callbacks.compactMap(\.callback))
        }
        hasHeard.store(true, ordering: .releasing)
        switch step {
        case .nothing: break
        case .retire: for callback in callbacks { callback.act(.retire) }
        case .retireAfter(let time):
            // The other servers of a cluster stay where they are.
            let moving = callbacks.filter { !isOfCluster || $0.server == server }
            Poller.shared.look(at: .now + time, for: Timer { for callback in moving { callback.act(.retire) } })
        case .askForMap: for callback in callbacks { callback.act(.askForMap) }
        }
        return true
    }

    /// Where new connections go in the place of the configured one, for now.
    var place: Endpoint? {
        guard hasHeard.load(ordering: .acquiring) else { return nil }
        return state.withLock { $0.machine.place(at: .now) }
    }

    /// The time of a call that begins now.
    package func relaxed(_ timeout: Timeout) -> Timeout {
        guard hasHeard.load(ordering: .acquiring), state.withLock({ $0.machine.isRelaxed(at: .now) }) else {
            return timeout
        }
        return timeout.adding(extraTime)
    }
}

extension ConnectionSettings {
    /// The same at the place that the server has announced, if it has.
    var atAnnouncedPlace: ConnectionSettings {
        guard let place = maintenance?.place else { return self }
        var settings = self
        settings.endpoint = place
        settings.tls = tls.map { TLSPeer.shared($0.settings, place) }
        return settings
    }
}

extension ConnectionSettings {
    /// True of a push that was an announcement: it is nobody's message.
    func isMaintenance(_ push: RESPValue) -> Bool {
        hearsMaintenance && maintenance?.heard(push, from: endpoint) == true
    }
}
