package import BulkheadRESP

/// Which channels a process listens to, for all of its subscribers over one connection, as a pure struct: events in,
/// actions out.
///
/// It brings what the server has to what is wanted, by one command at a time. While that is under way others gather, so
/// ten thousand subscribers who come together cost some twenty commands. Each subject is wanted while somebody listens
/// to it; the last one who leaves has it ended on the server. A new connection asks for everything again.
///
/// ```
/// absent ──SUBSCRIBE is sent──▶ asked ──confirmed──▶ present ──UNSUBSCRIBE is sent──▶ leaving ──confirmed──▶ absent
///    ▲                            │                     │                                │
///    └───────── refused, or the connection is lost ─────┴────────────────────────────────┘
/// ```
/// At a server of a cluster a loss ends whoever listened: what was lost may live at another server now, and whoever
/// knows the cluster looks for it there.
struct SubscriptionMachine<Subscriber: Sendable>: Sendable {
    /// One who listens.
    typealias ID = Int

    enum Action: Sendable {
        /// Make a connection, to be called by this number.
        case connect(Int)
        /// Send a command over the connection of that number, and report how it went.
        case send(Int, SubscriptionKind, [RESPBytes])
        /// Close the connection of that number.
        case close(Int)
        /// Report `retryIsDue` after a backoff for so many failures in a row.
        case retry(Int, failures: Int)
        /// Report `idleTimeIsOver` after that time.
        case awaitIdleTime(Int)
        /// Its subjects are all confirmed.
        case subscribed(Subscriber)
        /// Messages may be missing here.
        case gap(Subscriber, SubscriptionFailure)
        /// It has ended; nil if this side closes.
        case ended(Subscriber, SubscriptionFailure?)
    }

    /// A refused command is taken apart into commands of one, so it must not name too many.
    static var mostNamedAtOnce: Int { 512 }

    private enum Place: Sendable {
        case absent, asked, present, leaving
    }

    private struct Topic: Sendable {
        var place = Place.absent
        var members: [ID: Subscriber] = [:]
        /// Who listened when it was lost, and why that was.
        var missed: (members: [ID: Subscriber], why: SubscriptionFailure)?
    }

    private struct Member: Sendable {
        let subscriber: Subscriber
        let subjects: [SubscriptionSubject]
        /// Those that were never confirmed to it.
        var awaited: Set<SubscriptionSubject>
    }

    private struct Flight: Sendable {
        let kind: SubscriptionKind
        let subjects: [SubscriptionSubject]
    }

    /// The server is one of a cluster.
    private let isInCluster: Bool
    private var topics: [SubscriptionSubject: Topic] = [:]
    private var members: [ID: Member] = [:]
    private var newestID = 0
    /// Subjects whose place may not be what is wanted; and those that are named alone, as a command that named them
    /// with others was refused.
    private var changed = RingQueue<SubscriptionSubject>()
    private var single = RingQueue<SubscriptionSubject>()
    private var flight: Flight?

    /// The connection there is, or that is being made.
    private var connection: Int?
    private var newestConnection = 0
    /// It is of use once something was confirmed on it.
    private var reconnecting: Reconnecting
    /// In a cluster: behind how many failures the next connection is made, once somebody wants one; and whether
    /// somebody waits for that.
    private var owedPause = 0
    private var isPausing = false
    /// Names the retry or the idle time that is waited for; any other is out of date.
    private var wait = 0
    private var isClosed = false

    init(isInCluster: Bool = false, _ backoff: Backoff = Backoff()) {
        self.isInCluster = isInCluster
        reconnecting = Reconnecting(backoff)
    }

    /// True for the connection there is, or that is being made.
    func isCurrent(_ number: Int) -> Bool { number == connection }

    // MARK: Subscribers

    /// One more subscriber; there must be a subject.
    mutating func subscribe(
        _ subscriber: Subscriber, to subjects: [SubscriptionSubject]
    ) -> (ID, [Action]) {
        newestID += 1
        if isClosed { return (newestID, [.ended(subscriber, nil)]) }
        var awaited: Set<SubscriptionSubject> = []
        for subject in subjects {
            var topic = topics.removeValue(forKey: subject) ?? Topic()
            if topic.members.isEmpty, topic.place == .absent { changed.append(subject) }
            topic.members[newestID] = subscriber
            if topic.place != .present { awaited.insert(subject) }
            topics[subject] = topic
        }
        members[newestID] = Member(subscriber: subscriber, subjects: subjects, awaited: awaited)
        var actions: [Action] = awaited.isEmpty ? [.subscribed(subscriber)] : []
        if !isPausing {
            wait += 1
            if connection == nil { owedPause == 0 ? connect(&actions) : pause(&actions) }
        }
        proceed(&actions)
        return (newestID, actions)
    }

    /// It listens no more; harmless if it has ended.
    mutating func unsubscribe(_ id: ID) -> [Action] {
        guard leave(id) != nil else { return [] }
        var actions: [Action] = []
        proceed(&actions)
        beginIdleTime(&actions)
        return actions
    }

    /// All end, and nobody is taken any more.
    mutating func close() -> [Action] {
        isClosed = true
        var actions = members.keys.sorted().map { Action.ended(members[$0]!.subscriber, nil) }
        members = [:]
        topics = [:]
        flight = nil
        if let connection { actions.append(.close(connection)) }
        connection = nil
        return actions
    }

    // MARK: The server's words

    /// Who gets a message; `gaps` stand in front of it. A message tells as much as a confirmation.
    mutating func receivers(of subject: SubscriptionSubject, gaps: inout [Action]) -> [ID: Subscriber] {
        guard let topic = topics[subject] else { return [:] }
        if topic.missed != nil { tellMissed([subject], &gaps) }
        return topic.members
    }

    /// The server has ended a subscription by itself, as it does when the slot of a shard channel moves.
    mutating func endedByServer(_ subject: SubscriptionSubject, on number: Int) -> [Action] {
        guard number == connection, topics[subject]?.place == .present else { return [] }
        var actions: [Action] = []
        if isInCluster {
            topics[subject]?.place = .absent
            for id in topics[subject]?.members.keys.sorted() ?? [] {
                end(id, .connection(Self.endedByServer), &actions)
            }
        } else {
            lose(subject, .connection(Self.endedByServer))
            changed.append(subject)
        }
        proceed(&actions)
        return actions
    }

    /// The command under way was answered: by all confirmations, or by an error.
    mutating func answered(_ refusal: RESPBytes?, on number: Int, at now: Moment) -> [Action] {
        guard number == connection, let flight else { return [] }
        self.flight = nil
        var actions: [Action] = []
        switch (flight.kind.isBegin, refusal) {
        case (true, nil):
            reconnecting.used(at: now)
            confirm(flight.subjects, &actions)
        case (true, let refusal?): refuse(flight.subjects, refusal, &actions)
        // Refused or not: what nobody listens to reaches nobody.
        case (false, _): flight.subjects.forEach { arrive($0, at: .absent) }
        }
        proceed(&actions)
        beginIdleTime(&actions)
        return actions
    }

    // MARK: The connection

    /// A connection has ended, or was never made: then those who were never confirmed learn why.
    mutating func lost(
        _ number: Int, _ failure: ConnectionFailure, wasConnected: Bool, at now: Moment
    ) -> [Action] {
        guard number == connection else { return [] }
        connection = nil
        let failures = reconnecting.lost(at: now)
        flight = nil
        changed = RingQueue()
        single = RingQueue()
        if isInCluster {
            topics = [:]
            owedPause = failures
            defer { members = [:] }
            return members.keys.sorted().map { .ended(members[$0]!.subscriber, .connection(failure)) }
        }
        for subject in topics.keys { lose(subject, .connection(failure)) }
        var actions: [Action] = []
        if !wasConnected {
            for (id, member) in members where failure.isFinal || !member.awaited.isEmpty {
                end(id, .connection(failure), &actions)
            }
        }
        guard !members.isEmpty else { return actions }
        if failures == 0 {
            connect(&actions)
            proceed(&actions)
        } else {
            wait += 1
            actions.append(.retry(wait, failures: failures))
        }
        return actions
    }

    mutating func retryIsDue(_ number: Int) -> [Action] {
        guard number == wait else { return [] }
        isPausing = false
        guard connection == nil, !members.isEmpty else { return [] }
        var actions: [Action] = []
        connect(&actions)
        proceed(&actions)
        return actions
    }

    mutating func idleTimeIsOver(_ number: Int) -> [Action] {
        guard number == wait, members.isEmpty, let connection else { return [] }
        self.connection = nil
        topics = [:]
        flight = nil
        return [.close(connection)]
    }

    // MARK: Steps

    private mutating func connect(_ actions: inout [Action]) {
        newestConnection += 1
        connection = newestConnection
        reconnecting.begin()
        wait += 1
        changed = RingQueue()
        // A command names one kind: together they need fewer.
        for kind in SubscriptionSubject.Kind.allCases {
            for subject in topics.keys where subject.kind == kind { changed.append(subject) }
        }
        actions.append(.connect(newestConnection))
    }

    private mutating func pause(_ actions: inout [Action]) {
        isPausing = true
        actions.append(.retry(wait, failures: owedPause))
        owedPause = 0
    }

    /// Sends the next command if none is under way.
    private mutating func proceed(_ actions: inout [Action]) {
        guard let connection, flight == nil else { return }
        var kind: SubscriptionKind?
        var subjects: [SubscriptionSubject] = []
        while let subject = changed.isEmpty ? nil : changed.first {
            if let wanted = command(for: subject) {
                if let kind, kind != wanted { break }
                // A command names shard channels of one slot only.
                if subjects.count == (isInCluster && wanted.subject == .shardChannel ? 1 : Self.mostNamedAtOnce) {
                    break
                }
                kind = wanted
                subjects.append(subject)
                topics[subject]?.place = wanted.isBegin ? .asked : .leaving
            }
            _ = changed.popFirst()
        }
        while kind == nil, let subject = single.popFirst() {
            guard let wanted = command(for: subject) else { continue }
            kind = wanted
            subjects = [subject]
            topics[subject]?.place = wanted.isBegin ? .asked : .leaving
        }
        guard let kind else { return }
        flight = Flight(kind: kind, subjects: subjects)
        actions.append(.send(connection, kind, subjects.map(\.name)))
    }

    /// What would bring a subject from its place to the one that is wanted; nil if it is there, or on its way.
    private mutating func command(for subject: SubscriptionSubject) -> SubscriptionKind? {
        guard let topic = topics[subject] else { return nil }
        switch (topic.place, topic.members.isEmpty) {
        case (.absent, false): return subject.kind.begin
        case (.present, true): return subject.kind.end
        case (.absent, true):
            topics[subject] = nil
            return nil
        default: return nil
        }
    }

    /// Where the server has a subject now; what is wanted may have changed meanwhile.
    private mutating func arrive(_ subject: SubscriptionSubject, at place: Place) {
        topics[subject]?.place = place
        guard let topic = topics[subject] else { return }
        if topic.members.isEmpty, place == .absent { return topics[subject] = nil }
        if topic.members.isEmpty != (place == .absent) { changed.append(subject) }
    }

    private mutating func confirm(_ subjects: [SubscriptionSubject], _ actions: inout [Action]) {
        tellMissed(subjects, &actions)
        for subject in subjects {
            arrive(subject, at: .present)
            for (id, subscriber) in topics[subject]?.members ?? [:] where members[id]?.awaited.isEmpty == false {
                members[id]?.awaited.remove(subject)
                if members[id]?.awaited.isEmpty == true { actions.append(.subscribed(subscriber)) }
            }
        }
    }

    /// One of them was refused, and nobody knows which: each is asked for by itself.
    private mutating func refuse(
        _ subjects: [SubscriptionSubject], _ refusal: RESPBytes, _ actions: inout [Action]
    ) {
        for subject in subjects {
            topics[subject]?.place = .absent
            if subjects.count > 1 {
                single.append(subject)
            } else {
                for id in topics[subject]?.members.keys.map(\.self) ?? [] { end(id, .refused(refusal), &actions) }
                arrive(subject, at: .absent)
            }
        }
    }

    /// A gap for everybody who listened when these were lost, one each.
    private mutating func tellMissed(_ subjects: [SubscriptionSubject], _ actions: inout [Action]) {
        var told: Set<ID> = []
        for subject in subjects {
            guard let missed = topics[subject]?.missed else { continue }
            topics[subject]?.missed = nil
            for (id, subscriber) in missed.members where members[id] != nil && told.insert(id).inserted {
                actions.append(.gap(subscriber, missed.why))
            }
        }
    }

    /// The server has it no more.
    private mutating func lose(_ subject: SubscriptionSubject, _ why: SubscriptionFailure) {
        guard var topic = topics[subject] else { return }
        if topic.members.isEmpty { return topics[subject] = nil }
        // Lost a second time before anybody was told: those who came since have missed nothing.
        if topic.place == .present, topic.missed == nil { topic.missed = (topic.members, why) }
        topic.place = .absent
        topics[subject] = topic
    }

    private mutating func end(_ id: ID, _ failure: SubscriptionFailure, _ actions: inout [Action]) {
        if let member = leave(id) { actions.append(.ended(member.subscriber, failure)) }
    }

    private mutating func leave(_ id: ID) -> Member? {
        guard let member = members.removeValue(forKey: id) else { return nil }
        for subject in member.subjects {
            topics[subject]?.members[id] = nil
            guard let topic = topics[subject], topic.members.isEmpty else { continue }
            switch topic.place {
            case .absent: topics[subject] = nil
            case .present: changed.append(subject)
            case .asked, .leaving: break
            }
        }
        return member
    }

    private mutating func beginIdleTime(_ actions: inout [Action]) {
        guard members.isEmpty, connection != nil, flight == nil else { return }
        wait += 1
        actions.append(.awaitIdleTime(wait))
    }

    private static var endedByServer: ConnectionFailure {
        ConnectionFailure(.closedByServer, "the server has ended the subscription: the shard channel's slot has moved")
    }
}

/// Why a subscription ended, or has a gap.
package enum SubscriptionFailure: Error, Sendable, Hashable {
    case connection(ConnectionFailure)
    /// The server's error line.
    case refused(RESPBytes)
}

extension ConnectionFailure {
    /// Another attempt would end alike until somebody changes a setting.
    package var isFinal: Bool {
        switch reason {
        case .authenticationFailed, .permissionDenied, .databaseDenied, .databaseOutOfRange, .tlsUnavailable,
            .tlsSettings, .certificateRefused:
            true
        default: false
        }
    }
}
