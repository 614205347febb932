import BulkheadTestSupport
import Foundation
import Synchronization

/// Stands before several servers and shuts at one step of a program: from then on nothing passes to or from any of
/// them, so whoever kills the program then kills it at that step, however fast either is.
///
/// A step is what changes something: the state of the servers is the same between two of them.
final class KillGate: Sendable {
    /// Where it shuts.
    enum Place: Sendable, Hashable, CustomStringConvertible {
        /// Before a step is passed on.
        case before(Int)
        /// When a step has been answered, and the answer has not been passed on.
        case behind(Int)
        /// Before the first step that deletes this key at this server.
        case deleting(String, at: String)
        /// Before the first step at this server that names this key.
        case changing(String, at: String)

        var description: String {
            switch self {
            case .before(let step): "before step \(step)"
            case .behind(let step): "behind step \(step)"
            case .deleting(let key, let server): "before \(server) deletes \(key)"
            case .changing(let key, let server): "before \(server) changes \(key)"
            }
        }
    }

    private struct State: Sendable {
        var place: Place?
        var steps = 0
        var isShut = false
    }

    private let state = Mutex(State())

    /// Opens it, to shut at this place or not at all.
    func open(until place: Place?) { state.withLock { $0 = State(place: place) } }

    var isShut: Bool { state.withLock { $0.isShut } }

    /// A way through it to a server.
    func proxy(to path: String, _ server: String) -> FaultProxy {
        FaultProxy(to: path) { [self] direction, bytes in passes(direction, bytes, server) }
    }

    private func passes(_ direction: FaultProxy.Direction, _ bytes: [UInt8], _ server: String) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        return state.withLock { state in
            if direction == .toServer, Self.changes(text) {
                switch state.place {
                case .before(let step) where step == state.steps: state.isShut = true
                case .deleting(let key, server) where text.contains("UNLINK") && text.contains("\r\n\(key)\r\n"):
                    state.isShut = true
                case .changing(let key, server) where text.contains("\r\n\(key)\r\n"): state.isShut = true
                default: break
                }
                state.steps += 1
            } else if direction == .toClient, case .behind(let step) = state.place, step < state.steps {
                state.isShut = true
            }
            return !state.isShut
        }
    }

    /// Whether there is a command that changes something, or a script with one.
    private static func changes(_ text: String) -> Bool {
        words.contains { text.contains("\r\n\($0)\r\n") } || scripted.contains { text.contains("redis.call('\($0)'") }
    }

    private static let words = ["SET", "UNLINK", "RESTORE", "EXEC", "MOVE"]
    private static let scripted = ["SET", "UNLINK", "HSET", "HDEL"]
}
