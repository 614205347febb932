import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP

/// What a cluster's server says instead of running a command.
enum Redirection: Sendable, Hashable {
    /// The slot lives there from now on.
    case moved(HashSlot, Endpoint)
    /// The slot is on its way there, and this command's keys have arrived.
    case ask(Endpoint)
    /// Some keys are there and some here, or the cluster has no server for the slot now, or one without an address:
    /// later it may.
    case tryAgain

    /// Nil of every other reply. `asked` is the server that sent it, whose host an address without one means.
    init?(_ message: RESPBytes, from asked: Endpoint) {
        // Nearly every error begins otherwise.
        guard let first = message.first, "MATC".utf8.contains(first) else { return nil }
        let words = String(decoding: message, as: UTF8.self).split(separator: " ")
        switch words.first {
        case "MOVED", "ASK":
            guard words.count >= 3, let slot = Int(words[1]).flatMap({ HashSlot($0) }),
                let endpoint = Self.endpoint(words[2], from: asked)
            else { return nil }
            // Nothing is known of where that is: the map may have it.
            if case .tcp("?", _) = endpoint {
                self = .tryAgain
                return
            }
            self = words[0] == "ASK" ? .ask(endpoint) : .moved(slot, endpoint)
        case "TRYAGAIN", "CLUSTERDOWN": self = .tryAgain
        default: return nil
        }
    }

    /// `host:port`, where an IPv6 address has colons too.
    private static func endpoint(_ text: Substring, from asked: Endpoint) -> Endpoint? {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (1...65_535).contains(port)
        else { return nil }
        let host = text[..<colon]
        return .tcp(host: host.isEmpty ? asked.address : String(host), port: port)
    }
}

extension [RESPValue] {
    /// The first redirection among them.
    func redirection(from asked: Endpoint) -> Redirection? {
        for reply in self {
            if let message = reply.errorMessage, let found = Redirection(message, from: asked) { return found }
        }
        return nil
    }
}

/// Decides for one request of a cluster where its next attempt goes, and how long it pauses before.
///
/// A redirected command has not run, so that following it repeats nothing. Redirections without end, and a cluster that
/// is down, are followed until the call's deadline, with pauses that grow.
struct RedirectionMachine {
    enum Step: Equatable {
        /// The reply, or the failure, is the caller's.
        case stands
        /// Again at the server of its slot, after the pause; the map is asked for anew before, if `refresh`.
        case again(after: Duration, refresh: Bool)
        /// Again there, behind ASKING, after the pause.
        case ask(Endpoint, after: Duration)
    }

    private let deadline: Deadline
    private var attempts = 0

    /// Redirections that are followed without a pause: more in a row are servers that contradict each other.
    private static let mostAtOnce = 3
    private static let backoff = Backoff(first: .milliseconds(10), cap: .milliseconds(200))

    init(until deadline: Deadline) { self.deadline = deadline }

    mutating func step(after redirection: Redirection?) -> Step {
        guard let redirection else { return .stands }
        attempts += 1
        switch redirection {
        case .moved: return attempts <= Self.mostAtOnce ? .again(after: .zero, refresh: false) : pause()
        case .ask(let endpoint):
            if attempts <= Self.mostAtOnce { return .ask(endpoint, after: .zero) }
            // The server of the slot says so until all of it has moved, which may take longer than the call has.
            guard case .again(let pause, _) = pause() else { return .stands }
            return .ask(endpoint, after: pause)
        case .tryAgain: return pause()
        }
    }

    /// A server could not be reached, or has gone: its slots may be another one's soon.
    mutating func step(after failure: ConnectionFailure) -> Step {
        guard failure.stage.isSafeToRetry, failure.isOfServer else { return .stands }
        attempts += 1
        return pause()
    }

    /// The same of a question that changes nothing, which may be asked again however far it came.
    mutating func step(afterQuestion failure: ConnectionFailure) -> Step {
        guard failure.isOfServer else { return .stands }
        attempts += 1
        return pause()
    }

    private func pause() -> Step {
        var random = SystemRandomNumberGenerator()
        let pause = Self.backoff.wait(after: attempts, using: &random)
        return pause < deadline.left ? .again(after: pause, refresh: true) : .stands
    }
}

extension ConnectionFailure {
    /// True if another server may do better.
    fileprivate var isOfServer: Bool {
        switch reason {
        case .nameNotResolved, .connectFailed, .connectTimedOut, .closedByServer, .inputOutput, .superseded: true
        default: false
        }
    }
}
