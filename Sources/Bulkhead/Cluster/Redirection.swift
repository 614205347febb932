import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP

/// What a cluster's server says instead of running a command.
enum Redirection: Sendable, Hashable {
    /// The slot lives there from now on.
    case moved(HashSlot, Endpoint)
    /// The slot is on its way there, and this command's keys have arrived.
    case ask(Endpoint)
    /// The slot lives, or goes, where the server gives no usable address for: the map may have it.
    case elsewhere(HashSlot)
    /// Some keys are there and some here, or the cluster has no server for the slot now: later it may.
    case tryAgain

    /// Whose words a reply's error is.
    enum Speaker: Equatable {
        /// The server's: it has not run what it redirects.
        case server
        /// Perhaps those of a script, which has run then. They are taken for the server's where they are its whole
        /// sentence, and name the slot of the script's keys and another server.
        case script(of: HashSlot?)
        /// The same of a command that nobody here knows, and so neither its slot.
        case unknown

        fileprivate func mayMean(_ slot: HashSlot) -> Bool {
            if case .script(let own) = self { own == slot } else { true }
        }
    }

    /// Nil of every other reply. `asked` is the server that sent it, whose host an address without one means.
    init?(_ message: RESPBytes, from asked: Endpoint, by speaker: Speaker) {
        // Nearly every error begins otherwise.
        guard let first = message.first, "MATC".utf8.contains(first) else { return nil }
        let text = String(decoding: message, as: UTF8.self)
        let words = text.split(separator: " ")
        switch words.first {
        case "MOVED", "ASK":
            guard words.count >= 3, let slot = Int(words[1]).flatMap({ HashSlot($0) }) else { return nil }
            let endpoint = Self.endpoint(words[2], from: asked)
            if speaker != .server {
                guard words.count == 3, speaker.mayMean(slot), Self.port(in: words[2]) != nil, endpoint != asked
                else { return nil }
            }
            guard let endpoint else {
                self = .elsewhere(slot)
                return
            }
            self = words[0] == "ASK" ? .ask(endpoint) : .moved(slot, endpoint)
        case "TRYAGAIN", "CLUSTERDOWN":
            if speaker != .server, !Self.sentences.contains(text) { return nil }
            self = .tryAgain
        default: return nil
        }
    }

    /// All that servers say where they name no other server: Redis and Valkey have the same words.
    private static let sentences: Set = [
        "TRYAGAIN Multiple keys request during rehashing of slot", "CLUSTERDOWN Hash slot not served",
        "CLUSTERDOWN The cluster is down", "CLUSTERDOWN The cluster is down and only accepts read commands",
    ]

    /// The slot that the server names; it names none with ``tryAgain``, and the one of ``ask(_:)`` stays where it is.
    var slot: HashSlot? {
        switch self {
        case .moved(let slot, _), .elsewhere(let slot): slot
        case .ask, .tryAgain: nil
        }
    }

    /// `host:port`, where an IPv6 address has colons too; nil where the host is `?`, or the port is none.
    private static func endpoint(_ text: Substring, from asked: Endpoint) -> Endpoint? {
        guard let colon = text.lastIndex(of: ":"), let port = port(in: text) else { return nil }
        let host = text[..<colon]
        if host == "?" { return nil }
        return .tcp(host: host.isEmpty ? asked.address : String(host), port: port)
    }

    private static func port(in text: Substring) -> Int? {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (1...65_535).contains(port)
        else { return nil }
        return port
    }
}

extension Replies {
    /// The first redirection among what the server says of a request. `bytes` are its commands, of which `slot` is that
    /// of their keys: what commands answer that may say what they like is no redirection.
    func redirection(
        from asked: Endpoint, of bytes: @autoclosure () -> [UInt8], to slot: HashSlot?
    ) -> Redirection? {
        if firstError == nil { return nil }
        let speaker = Self.verdictsAreServers ? .server : Redirection.Speaker(of: bytes(), to: slot)
        var found: Redirection?
        forEachVerdict { reply in
            guard found == nil, let message = reply.errorMessage else { return }
            found = Redirection(message, from: asked, by: speaker)
        }
        return found
    }
}

extension [RESPValue] {
    /// The same of several commands, each with its slot.
    func redirection(from asked: Endpoint, ofEach bytes: [UInt8], to slots: [HashSlot]) -> Redirection? {
        if firstError == nil { return nil }
        for ((reply, slot), range) in zip(zip(self, slots), EncodedCommand.ranges(of: bytes)) {
            if let found = reply.redirection(from: asked, of: [UInt8](bytes[range]), to: slot) { return found }
        }
        return nil
    }
}

extension Redirection.Speaker {
    fileprivate init(of bytes: [UInt8], to slot: HashSlot?) {
        if RedisSideEffect.isOfScript(encoded: bytes) {
            self = .script(of: slot)
        } else {
            self = RedisSideEffect.knowsAll(encoded: bytes) ? .server : .unknown
        }
    }
}

/// Decides for one request of a cluster where its next attempt goes, and how long it pauses before.
///
/// A redirected command has not run, so that following it repeats nothing. Redirections without end, and a cluster that
/// is down, are followed until the call's deadline, with pauses that grow. What the caller gets then is decided here,
/// too, by ``refuse(of:)``: no redirection.
struct RedirectionMachine {
    enum Step: Equatable {
        /// The reply, or the failure, is the caller's.
        case stands
        /// Again at the server of its slot, after the pause; the map is asked for anew before, if `refresh`.
        case again(after: Duration, refresh: Bool)
        /// Again there, behind ASKING, after the pause.
        case ask(Endpoint, after: Duration)

        /// What comes before the next attempt; nil if there is none.
        var pause: (time: Duration, refresh: Bool)? {
            switch self {
            case .stands: nil
            case .again(let time, let refresh): (time, refresh)
            case .ask(_, let time): (time, false)
            }
        }
    }

    private let deadline: Deadline
    private var attempts = 0
    /// What the last attempt was answered by.
    private var last: Redirection?

    /// Redirections that are followed without a pause: more in a row are servers that contradict each other.
    private static let mostAtOnce = 3
    private static let backoff = Backoff(first: .milliseconds(10), cap: .milliseconds(200))

    init(until deadline: Deadline) { self.deadline = deadline }

    mutating func step(after redirection: Redirection?) -> Step {
        last = redirection
        guard let redirection else { return .stands }
        attempts += 1
        switch redirection {
        case .moved: return attempts <= Self.mostAtOnce ? .again(after: .zero, refresh: false) : pause()
        case .ask(let endpoint):
            if attempts <= Self.mostAtOnce { return .ask(endpoint, after: .zero) }
            // The server of the slot says so until all of it has moved, which may take longer than the call has.
            guard case .again(let pause, _) = pause() else { return .stands }
            return .ask(endpoint, after: pause)
        case .elsewhere, .tryAgain: return pause()
        }
    }

    /// The same where a slot that is on its way is not asked for out of turn: it will have arrived soon.
    mutating func stepInTurn(after redirection: Redirection?) -> Step {
        guard case .ask = redirection else { return step(after: redirection) }
        guard case .again(let pause, let refresh) = step(after: .tryAgain) else {
            last = redirection
            return .stands
        }
        return .again(after: pause, refresh: refresh)
    }

    /// Throws where the last attempt was redirected and no other follows: nothing has run, and no caller could follow
    /// the reply. That the cluster is down, or that keys are in two places, is a reply as it is.
    func refuse(of slot: HashSlot?) throws(ConnectionFailure) {
        if let last, last != .tryAgain { throw Self.noServer(of: slot, last) }
    }

    /// Why no server took the slot.
    static func noServer(of slot: HashSlot?, _ found: Redirection) -> ConnectionFailure {
        let reason =
            switch found {
            case .ask: "it is on its way from one server to another"
            case .moved: "its servers name each other"
            case .elsewhere: "it is at a server whose address none of them says"
            case .tryAgain: "the cluster is down"
            }
        let place = slot.map(\.description) ?? "the slot"
        return ConnectionFailure(.timedOut, "no server of the cluster took \(place) in time: \(reason)", stage: .queued)
    }

    /// A server could not be reached, or has gone: its slots may be another one's soon.
    mutating func step(after failure: ConnectionFailure) -> Step {
        last = nil
        guard failure.stage.isSafeToRetry, failure.isOfServer else { return .stands }
        attempts += 1
        return pause()
    }

    /// The same of a question that changes nothing, which may be asked again however far it came.
    mutating func step(afterQuestion failure: ConnectionFailure) -> Step {
        last = nil
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
