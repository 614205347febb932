import BulkheadRESP

/// What a managed server announces of its own maintenance, as a push.
///
/// | Push | Means |
/// |---|---|
/// | `MOVING number seconds host:port` | within so long this place closes, and the other one serves |
/// | `MOVING number seconds null` | the same, and the server's name leads there |
/// | `MIGRATING number seconds`, `FAILING_OVER …` | for so long answers may be late |
/// | `MIGRATED number`, `FAILED_OVER …` | that is over |
/// | `SMIGRATING number slots` | these slots of a cluster move, and answers may be late |
/// | `SMIGRATED number moves` | that is over, and another server of the cluster has them |
enum MaintenanceMessage: Sendable, Hashable {
    case moving(seconds: Int64, to: Endpoint?)
    case begins(seconds: Int64)
    case ends
    /// The later of two announcements has the higher number.
    case slotsMove(number: Int64)
    case slotsMoved(number: Int64)

    /// Its word and number, which every connection says alike; nil for any other push.
    ///
    /// `server` is the one of a cluster that says it: each numbers what it says of itself. Moves of slots are the
    /// cluster's.
    static func read(_ push: RESPValue, from server: Endpoint? = nil) -> (id: String, message: MaintenanceMessage)? {
        guard case .push(let elements) = push.withoutAttributes, elements.count >= 2,
            let word = elements.first?.bytes.map({ String(decoding: $0, as: UTF8.self) }),
            let number = integer(elements[1])
        else { return nil }
        // A server that is wrong about hours is no reason to wait for hours.
        let seconds = elements.count > 2 ? integer(elements[2]).map { min(max($0, 0), 3_600) } : nil
        let isOfCluster = word == "SMIGRATING" || word == "SMIGRATED"
        let id = "\(word) \(number)" + (isOfCluster ? "" : server.map { " \($0)" } ?? "")
        switch (word, seconds) {
        case ("MOVING", let seconds?):
            let place =
                elements.count > 3 ? elements[3].bytes.flatMap { endpoint(String(decoding: $0, as: UTF8.self)) } : nil
            return (id, .moving(seconds: seconds, to: place))
        case ("MIGRATING", let seconds?), ("FAILING_OVER", let seconds?): return (id, .begins(seconds: seconds))
        case ("MIGRATED", _), ("FAILED_OVER", _): return (id, .ends)
        case ("SMIGRATING", _): return (id, .slotsMove(number: number))
        case ("SMIGRATED", _): return (id, .slotsMoved(number: number))
        default: return nil
        }
    }

    private static func integer(_ value: RESPValue) -> Int64? {
        if case .integer(let number) = value { return number }
        return value.bytes.flatMap { Int64(String(decoding: $0, as: UTF8.self)) }
    }

    private static func endpoint(_ text: String) -> Endpoint? {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (1...65_535).contains(port)
        else { return nil }
        let host = text[..<colon].drop { $0 == "[" }.prefix { $0 != "]" }
        return host.isEmpty ? nil : .tcp(host: String(host), port: port)
    }
}

/// What follows from such messages; its clock is its caller's.
struct MaintenanceMachine: Sendable {
    /// Many servers, whose map says where each of them is.
    private let isOfCluster: Bool
    /// Of those heard lately: each connection repeats them.
    private var heardLately: [String] = []
    private var relaxedUntil: Moment?
    /// Moves of slots that have begun and not ended, and the highest number of those that have ended.
    private var moves = 0
    private var lastEnd = Int64.min
    private var place: (endpoint: Endpoint, until: Moment)?

    init(isOfCluster: Bool = false) { self.isOfCluster = isOfCluster }

    private static let mostRemembered = 64
    /// How long the new place is used beyond the announced time; the name leads there by then.
    private static let timeForNames = Duration.seconds(30)
    /// A move of slots says no time, and its end may be lost with a connection.
    private static let longestMove = Duration.seconds(300)

    /// What is to be done with the connections there are.
    enum Step: Sendable, Equatable {
        case nothing
        /// They take no new requests from now on.
        case retire
        /// The same, when the name may lead to the new place.
        case retireAfter(Duration)
        /// Nothing, but the map of the cluster's slots is old.
        case askForMap
    }

    mutating func heard(_ id: String, _ message: MaintenanceMessage, at now: Moment) -> Step {
        if heardLately.contains(id) { return .nothing }
        if heardLately.count == Self.mostRemembered { heardLately.removeFirst() }
        heardLately.append(id)
        switch message {
        case .moving(let seconds, let endpoint?) where !isOfCluster:
            place = (endpoint, now + .seconds(seconds) + Self.timeForNames)
            relax(until: now + .seconds(seconds))
            return .retire
        case .moving(let seconds, _):
            relax(until: now + .seconds(seconds))
            return .retireAfter(.seconds(seconds) / 2)
        case .begins(let seconds):
            relax(until: now + .seconds(seconds))
            return .nothing
        case .ends:
            if moves == 0 { relaxedUntil = nil }
            return .nothing
        case .slotsMove(let number):
            // Another connection has said its end already.
            if number < lastEnd { return .nothing }
            // The end of a move may have been lost.
            if !isRelaxed(at: now) { moves = 0 }
            moves += 1
            relax(until: now + Self.longestMove)
            return .nothing
        case .slotsMoved(let number):
            lastEnd = max(lastEnd, number)
            moves = max(0, moves - 1)
            if moves == 0 { relaxedUntil = nil }
            return .askForMap
        }
    }

    private mutating func relax(until moment: Moment) { relaxedUntil = max(relaxedUntil ?? moment, moment) }

    /// Whether answers may be late.
    func isRelaxed(at now: Moment) -> Bool { relaxedUntil.map { now < $0 } ?? false }

    /// Where new connections go in the place of the configured one.
    func place(at now: Moment) -> Endpoint? { place.flatMap { now < $0.until ? $0.endpoint : nil } }
}
