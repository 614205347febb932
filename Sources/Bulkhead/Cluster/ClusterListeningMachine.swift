import BulkheadCommands
import BulkheadNetworking

/// At which servers of a cluster a process listens to what, as a pure struct: events in, actions out.
///
/// A subscription has parts, and each is heard at one server: a shard channel at the primary of its slot, channels and
/// patterns at any primary, as all of them pass messages on, and key events at every primary, as each tells of its own
/// keys alone. A part that was lost is looked for by a new map, or where MOVED says, until it is heard again.
struct ClusterListeningMachine<Subscriber: Sendable>: Sendable {
    /// A subscription.
    typealias ID = Int

    enum Action: Sendable {
        /// Listen at a server, by this number, and report how that goes; messages may be missing in front, if `missed`.
        case listen(Int, Endpoint, [SubscriptionSubject], Subscriber, missed: SubscriptionFailure?)
        /// Listen by that number no more.
        case leave(Int)
        /// Ask for a map, and report `located`; pause before as is fit behind so many failures in a row.
        case locate(failures: Int)
        /// Report `nextMapIsDue` after some time.
        case awaitNextMap(Int)
        /// All parts are confirmed.
        case subscribed(Subscriber)
        /// Messages may be missing here.
        case gap(Subscriber, SubscriptionFailure)
        /// It has ended; nil if this side closes.
        case ended(Subscriber, SubscriptionFailure?)
    }

    private enum Place: Sendable, Hashable {
        case slot(HashSlot)
        case anywhere
        case at(Endpoint)
    }

    private struct Part: Sendable {
        let owner: ID
        let place: Place
        let subjects: [SubscriptionSubject]
        /// Where it is heard, or asked for, and by which number; nil is nowhere.
        var hearing: (number: Int, server: Endpoint)?
        var isConfirmed = false
        /// Why messages may be missing when it is heard again.
        var missed: SubscriptionFailure?
    }

    private struct Member: Sendable {
        let subscriber: Subscriber
        let subjects: [SubscriptionSubject]
        let isEverywhere: Bool
        var parts: Set<Int> = []
        var isOpen = false
    }

    private var map: SlotMap?
    private var members: [ID: Member] = [:]
    private var parts: [Int: Part] = [:]
    /// Parts by the numbers by which they are heard.
    private var hearings: [Int: Int] = [:]
    /// Parts that are heard nowhere.
    private var absent: [Int] = []
    /// Where channels and patterns are heard: they share one connection. Where they were lost last.
    private var common: Endpoint?
    private var avoided: Endpoint?
    private var newest = 0
    /// Ends in a row of what was never confirmed.
    private var failures = 0
    private var isLocating = false
    private var isAwaitingMap = false
    private var isClosed = false

    /// Redirections that are followed before a map is asked for.
    private static var mostRedirections: Int { 3 }

    /// True of a number by which something is heard or asked for.
    func isCurrent(_ number: Int) -> Bool { hearings[number] != nil }

    /// Servers at which something is heard or asked for.
    var servers: Set<Endpoint> { Set(parts.values.compactMap { $0.hearing?.server }) }

    // MARK: Subscribers

    /// One more subscriber; there must be a subject. `map` is the newest there is elsewhere.
    mutating func subscribe(
        _ subscriber: Subscriber, to subjects: [SubscriptionSubject], everywhere isEverywhere: Bool, _ map: SlotMap?
    ) -> (ID, [Action]) {
        newest += 1
        let id = newest
        if isClosed { return (id, [.ended(subscriber, nil)]) }
        if self.map == nil { self.map = map }
        members[id] = Member(subscriber: subscriber, subjects: subjects, isEverywhere: isEverywhere)
        var actions: [Action] = []
        if isEverywhere {
            spread(id, &actions)
        } else {
            for subject in subjects where subject.kind == .shardChannel {
                add([subject], at: .slot(HashSlot(ofKey: subject.name)), to: id)
            }
            let plain = subjects.filter { $0.kind != .shardChannel }
            if !plain.isEmpty { add(plain, at: .anywhere, to: id) }
        }
        if self.map == nil { locate(&actions) } else { place(&actions) }
        awaitNextMap(&actions)
        return (id, actions)
    }

    /// It listens no more; harmless if it has ended.
    mutating func unsubscribe(_ id: ID) -> [Action] {
        var actions: [Action] = []
        remove(id, &actions)
        return actions
    }

    /// All end, and nobody is taken any more.
    mutating func close() -> [Action] {
        isClosed = true
        let actions = members.keys.sorted().map { Action.ended(members[$0]!.subscriber, nil) }
        (members, parts, hearings, absent) = ([:], [:], [:], [])
        return actions
    }

    // MARK: What comes

    /// The server has confirmed all that is heard by this number.
    mutating func confirmed(_ number: Int) -> [Action] {
        guard let index = hearings[number], let owner = parts[index]?.owner else { return [] }
        failures = 0
        avoided = nil
        parts[index]?.isConfirmed = true
        parts[index]?.missed = nil
        var actions: [Action] = []
        checkOpen(owner, &actions)
        return actions
    }

    /// Nothing is heard by this number any more.
    mutating func ended(_ number: Int, _ failure: SubscriptionFailure) -> [Action] {
        guard let index = hearings.removeValue(forKey: number), var part = parts[index], let hearing = part.hearing
        else { return [] }
        var actions: [Action] = []
        var mustLocate = true
        switch failure {
        case .refused(let message):
            guard let redirection = Redirection(message, from: hearing.server, by: .server) else {
                end(part.owner, failure, &actions)
                return actions
            }
            if case .moved(let slot, let endpoint) = redirection {
                map?.move(slot, to: endpoint)
                mustLocate = failures >= Self.mostRedirections
            }
        case .connection(let failure):
            guard !failure.isFinal else {
                end(part.owner, .connection(failure), &actions)
                return actions
            }
            if part.place == .anywhere, common == hearing.server { (common, avoided) = (nil, common) }
        }
        if part.isConfirmed {
            if members[part.owner]?.isOpen == true { part.missed = failure }
        } else {
            failures += 1
        }
        part.hearing = nil
        part.isConfirmed = false
        parts[index] = part
        absent.append(index)
        if mustLocate { locate(&actions) } else { place(&actions) }
        return actions
    }

    /// A map has come, or why none has.
    mutating func located(_ map: SlotMap?, _ failure: ConnectionFailure?) -> [Action] {
        isLocating = false
        guard !members.isEmpty else { return [] }
        var actions: [Action] = []
        if let map { self.map = map }
        if let failure {
            failures += 1
            // Who was never heard learns why; who was waits for the cluster.
            for id in members.keys.sorted() where members[id]?.isOpen == false && isMissingPart(id) {
                end(id, .connection(failure), &actions)
            }
        } else if let map {
            for id in members.keys.sorted() where members[id]?.isEverywhere == true { spread(id, &actions) }
            leaveMisplaced(map, &actions)
        }
        if self.map != nil { place(&actions) } else if !members.isEmpty { locate(&actions) }
        awaitNextMap(&actions)
        return actions
    }

    /// Nobody says which servers have slots now, so it is asked.
    mutating func nextMapIsDue() -> [Action] {
        isAwaitingMap = false
        guard !members.isEmpty else { return [] }
        var actions: [Action] = []
        locate(&actions)
        awaitNextMap(&actions)
        return actions
    }

    // MARK: Steps

    private mutating func awaitNextMap(_ actions: inout [Action]) {
        guard !isAwaitingMap, !members.isEmpty else { return }
        isAwaitingMap = true
        actions.append(.awaitNextMap(newest))
    }

    private mutating func locate(_ actions: inout [Action]) {
        guard !isLocating else { return }
        isLocating = true
        actions.append(.locate(failures: failures))
    }

    private mutating func add(
        _ subjects: [SubscriptionSubject], at place: Place, to owner: ID, missed: SubscriptionFailure? = nil
    ) {
        newest += 1
        parts[newest] = Part(owner: owner, place: place, subjects: subjects, missed: missed)
        members[owner]?.parts.insert(newest)
        absent.append(newest)
    }

    /// Has each primary listened to, and no other server.
    private mutating func spread(_ id: ID, _ actions: inout [Action]) {
        guard let map, let member = members[id] else { return }
        var open = map.primaries
        var lost: SubscriptionFailure?
        for index in member.parts.sorted() {
            guard let part = parts[index], case .at(let server) = part.place else { continue }
            if let found = open.firstIndex(of: server) {
                open.remove(at: found)
                continue
            }
            lost = part.missed ?? lost
            if let number = part.hearing?.number {
                hearings[number] = nil
                actions.append(.leave(number))
            }
            parts[index] = nil
            members[id]?.parts.remove(index)
        }
        let why = member.isOpen ? lost ?? .connection(Self.newPrimary) : nil
        for server in open { add(member.subjects, at: .at(server), to: id, missed: why) }
        // The others have its slots: they are heard already.
        if open.isEmpty, let lost { actions.append(.gap(member.subscriber, lost)) }
        checkOpen(id, &actions)
    }

    /// What is heard at a server that has left the cluster, and shard channels at one that is a replica now, are heard
    /// elsewhere. That a slot has moved to another primary its server says itself.
    private mutating func leaveMisplaced(_ map: SlotMap, _ actions: inout [Action]) {
        let (primaries, servers) = (Set(map.primaries), map.servers)
        if let common, !servers.contains(common) { self.common = nil }
        for (index, part) in parts.sorted(by: { $0.key < $1.key }) {
            guard let hearing = part.hearing else { continue }
            switch part.place {
            case .slot where !primaries.contains(hearing.server): break
            case .anywhere where !servers.contains(hearing.server): break
            default: continue
            }
            hearings[hearing.number] = nil
            actions.append(.leave(hearing.number))
            parts[index]?.hearing = nil
            if part.isConfirmed, members[part.owner]?.isOpen == true {
                parts[index]?.missed = .connection(Self.misplaced)
            }
            parts[index]?.isConfirmed = false
            absent.append(index)
        }
    }

    /// Asks for what is heard nowhere, at the servers that the map names.
    private mutating func place(_ actions: inout [Action]) {
        let waiting = absent
        absent = []
        for index in waiting {
            guard let part = parts[index], let member = members[part.owner] else { continue }
            guard let server = server(of: part.place) else {
                absent.append(index)
                continue
            }
            newest += 1
            hearings[newest] = index
            parts[index]?.hearing = (newest, server)
            actions.append(.listen(newest, server, part.subjects, member.subscriber, missed: part.missed))
        }
        guard !absent.isEmpty else { return }
        failures += 1
        locate(&actions)
    }

    private mutating func server(of place: Place) -> Endpoint? {
        switch place {
        case .slot(let slot): return map?.primary(of: slot)
        case .at(let server): return server
        case .anywhere:
            if let common { return common }
            let primaries = map?.primaries ?? []
            common = primaries.filter { $0 != avoided }.randomElement() ?? primaries.first
            return common
        }
    }

    private func isMissingPart(_ id: ID) -> Bool {
        guard let member = members[id] else { return false }
        return member.parts.isEmpty || member.parts.contains { parts[$0]?.hearing == nil }
    }

    private mutating func checkOpen(_ id: ID, _ actions: inout [Action]) {
        guard let member = members[id], !member.isOpen, !member.parts.isEmpty,
            member.parts.allSatisfy({ parts[$0]?.isConfirmed == true })
        else { return }
        members[id]?.isOpen = true
        actions.append(.subscribed(member.subscriber))
    }

    private mutating func end(_ id: ID, _ failure: SubscriptionFailure, _ actions: inout [Action]) {
        guard let subscriber = members[id]?.subscriber else { return }
        remove(id, &actions)
        actions.append(.ended(subscriber, failure))
    }

    private mutating func remove(_ id: ID, _ actions: inout [Action]) {
        guard let member = members.removeValue(forKey: id) else { return }
        for index in member.parts.sorted() {
            if let number = parts.removeValue(forKey: index)?.hearing?.number, hearings[number] != nil {
                hearings[number] = nil
                actions.append(.leave(number))
            }
        }
    }

    private static var newPrimary: ConnectionFailure {
        ConnectionFailure(.superseded, "another server of the cluster has slots now, and was not listened to before")
    }

    private static var misplaced: ConnectionFailure {
        ConnectionFailure(.superseded, "the server is no primary of the cluster any more")
    }
}
