import BulkheadRESP

/// What the words of several sentinels mean: where the primary of their group is, and when to ask again.
///
/// A pure struct: answers, messages and failures go in, the candidate comes out. A word counts with the *epoch* of its
/// configuration, which every failover raises: a sentinel that slept is behind the others, and is not believed beside
/// them. And no word is believed alone: whoever connects asks the candidate itself, by ROLE. If it is not the primary,
/// or not there, all words become old (a new *round* begins), and only what a sentinel says when asked anew counts.
struct SentinelMachine: Sendable {
    /// What one sentinel said last.
    enum Word: Sendable {
        case nothing
        case primary(Endpoint, epoch: Int64)
        /// It watches no group of that name.
        case unknownGroup
        case failed(ConnectionFailure)
    }

    private struct Sentinel: Sendable {
        let endpoint: Endpoint
        var word = Word.nothing
        /// In which it was said.
        var round = -1
    }

    let group: String
    private var sentinels: [Sentinel]
    /// Words of earlier rounds are old.
    private(set) var round = 0
    /// What has said itself that it is the primary, and of which nobody has said otherwise since.
    private(set) var confirmed: Endpoint?
    /// Who was tried last in vain, and why.
    private var refusal: (endpoint: Endpoint, failure: ConnectionFailure)?

    init(group: String, sentinels: [Endpoint]) {
        self.group = group
        self.sentinels = sentinels.map { Sentinel(endpoint: $0) }
    }

    /// The server to connect to; nil if nobody has named one since the last doubt.
    var candidate: Endpoint? {
        let newest = newestEpoch
        for sentinel in sentinels {
            if case .primary(let endpoint, let epoch) = sentinel.word, epoch == newest, sentinel.round == round {
                return endpoint
            }
        }
        return nil
    }

    /// True if every sentinel was asked since the last doubt, and none can name a server.
    var isHopeless: Bool {
        sentinels.allSatisfy { sentinel in
            switch sentinel.word {
            case .failed, .unknownGroup: sentinel.round == round
            case .nothing, .primary: false
            }
        }
    }

    /// The highest epoch of all answers, earlier ones included: an answer with a lower one is out of date.
    private var newestEpoch: Int64 {
        sentinels.reduce(-1) { newest, sentinel in
            if case .primary(_, let epoch) = sentinel.word { max(newest, epoch) } else { newest }
        }
    }

    // MARK: Events

    /// A sentinel has answered what it was asked in that round.
    mutating func answered(_ index: Int, _ word: Word, askedIn asked: Int) {
        sentinels[index].word = word
        sentinels[index].round = asked
    }

    /// A sentinel's message `+switch-master`; true if it is to be asked what it thinks now.
    ///
    /// It is believed at once if the server that it leads away from is the one in use: then nothing is lost by going.
    /// Any other may be a late one, from a sentinel that slept.
    mutating func received(_ index: Int, _ message: SwitchMessage) -> Bool {
        guard message.group == group else { return false }
        if message.old == confirmed ?? candidate, message.new != message.old {
            let (next, isLast) = newestEpoch.addingReportingOverflow(1)
            sentinels[index].word = .primary(message.new, epoch: isLast ? .max : next)
            sentinels[index].round = round
        }
        return true
    }

    /// A sentinel cannot be asked.
    mutating func failed(_ index: Int, _ failure: ConnectionFailure) {
        sentinels[index].word = .failed(failure)
        sentinels[index].round = round
    }

    /// The candidate has said that it is the primary.
    mutating func confirm(_ endpoint: Endpoint) {
        confirmed = endpoint
        refusal = nil
    }

    /// It is not, or is not to be reached: all are to be asked again. True if that was news.
    mutating func refute(_ endpoint: Endpoint, _ failure: ConnectionFailure) -> Bool {
        guard candidate == endpoint else { return false }
        refusal = (endpoint, failure)
        round += 1
        return true
    }

    /// True, once, if another server than the confirmed one is the candidate now: connections to that one are to end.
    mutating func takeMove() -> Bool {
        guard let confirmed, let candidate, candidate != confirmed else { return false }
        self.confirmed = nil
        return true
    }

    /// Somebody needs a primary, and all who were asked could name none: they are asked again.
    mutating func askAgain() {
        if isHopeless { round += 1 }
    }

    // MARK: Words

    /// Who says what, and what came of it.
    var account: String {
        var parts = sentinels.map { sentinel in
            switch sentinel.word {
            case .nothing: "\(sentinel.endpoint) has not answered"
            case .primary(let endpoint, _): "\(sentinel.endpoint) says \(endpoint)"
            case .unknownGroup: "\(sentinel.endpoint) watches no group of that name"
            case .failed(let failure): "\(sentinel.endpoint) gives no answer (\(failure.message))"
            }
        }
        if let refusal { parts.append("\(refusal.endpoint) was tried last (\(refusal.failure.message))") }
        return parts.joined(separator: "; ")
    }

    /// Why there is none.
    var failure: ConnectionFailure {
        if isHopeless {
            return ConnectionFailure(
                .primaryUnknown,
                "no sentinel can name the primary of \(group): \(account). Correct their addresses, logins or the "
                    + "group's name in the catalogue, or start them", stage: .connecting)
        }
        return ConnectionFailure(
            .primaryAwaited, "no server is the primary of \(group) at the moment: \(account)", stage: .connecting)
    }
}

/// `+switch-master`: the name of a group, the old primary and the new one.
struct SwitchMessage: Sendable, Hashable {
    let group: String
    let old: Endpoint
    let new: Endpoint

    init(group: String, from old: Endpoint, to new: Endpoint) {
        self.group = group
        self.old = old
        self.new = new
    }

    /// Reads a push or, of RESP2, an array; nil for anything else.
    init?(_ push: RESPValue) {
        guard let elements = push.withoutAttributes.elements, elements.count == 3,
            elements[0].bytes.map({ String(decoding: $0, as: UTF8.self) }) == "message",
            let content = elements[2].bytes
        else { return nil }
        let words = String(decoding: content, as: UTF8.self).split(separator: " ")
        guard words.count == 5, let oldPort = Int(words[2]), let newPort = Int(words[4]) else { return nil }
        group = String(words[0])
        old = .tcp(host: String(words[1]), port: oldPort)
        new = .tcp(host: String(words[3]), port: newPort)
    }
}

extension SentinelMachine.Word {
    /// Reads the replies to SENTINEL GET-MASTER-ADDR-BY-NAME and SENTINEL MASTER.
    ///
    /// The first names the new primary earlier, the second has the epoch.
    init(address: RESPValue, details: RESPValue) throws(ConnectionFailure) {
        func text(_ value: RESPValue?) -> String? {
            value?.withoutAttributes.bytes.map { String(decoding: $0, as: UTF8.self) }
        }
        if let error = address.errorMessage {
            throw ConnectionFailure(
                .handshakeRefused(code: "ERR"), "it refused the question: " + String(decoding: error, as: UTF8.self))
        }
        if case .null = address.withoutAttributes {
            self = .unknownGroup
            return
        }
        guard let parts = address.withoutAttributes.elements, parts.count == 2, let host = text(parts[0]),
            let port = text(parts[1]).flatMap({ Int($0) }), (1...65_535).contains(port), !host.isEmpty
        else {
            throw ConnectionFailure(.handshakeUnanswered, "its answer is not an address")
        }
        var epoch: Int64 = 0
        switch details.withoutAttributes {
        case .map(let fields): epoch = text(fields["config-epoch"]).flatMap { Int64($0) } ?? 0
        default:
            let words = details.withoutAttributes.elements ?? []
            for index in stride(from: 0, to: words.count - 1, by: 2) where text(words[index]) == "config-epoch" {
                epoch = text(words[index + 1]).flatMap { Int64($0) } ?? 0
            }
        }
        // A sentinel may say any number: this one leaves room for the failovers that follow.
        self = .primary(.tcp(host: host, port: port), epoch: min(epoch, .max / 2))
    }
}
