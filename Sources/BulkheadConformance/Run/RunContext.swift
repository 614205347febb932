/// A server, what is known of it, and a connection of our own to clean up with.
final class RunContext {
    let target: ConformanceTarget
    let options: ConformanceOptions
    private(set) var identity = ServerIdentity(product: "unknown", version: [])
    /// False for a server that does not know HELLO 3.
    private(set) var hasRESP3 = true
    /// Why there are no numbered databases; nil if all that were given are there.
    private(set) var databasesProblem: String?
    /// It answers PING with PONG, as long as no case has broken it.
    private var isUsable = false
    /// Nil where the server is no primary of a cluster of several.
    private(set) var cluster: ClusterView?
    /// It ends a connection over a command that it does not know.
    private(set) var closesOnUnknown = false
    private var showsIdentifiers = false
    /// Why no case can be judged any more.
    private(set) var ruin: String?
    var observer: ((ObservedReply) -> Void)?
    private var own: Wire
    private var known: [String: Bool] = [:]
    /// How long a question of our own may take.
    private let patience: Duration
    /// The same for what decides about all cases: a busy machine must not make a server look like one without RESP3,
    /// or like one that has broken down.
    private let decisivePatience: Duration
    /// The server has not answered what cleans up: nobody waits for that again.
    private var isDeaf = false

    init(_ target: ConformanceTarget, _ options: ConformanceOptions) throws(ConformanceError) {
        self.target = target
        self.options = options
        patience = min(options.timeLimit, .seconds(10))
        decisivePatience = max(options.timeLimit, .seconds(30))
        own = try Wire(to: target)
        try login(own, until: .now + decisivePatience)
        let probe = try Wire(to: target)
        try login(probe, until: .now + decisivePatience)
        guard let pong = Self.exchange(["PING"], on: probe, until: .now + decisivePatience) else {
            throw silence(of: probe, after: "PING")
        }
        isUsable = pong.text == Array("PONG".utf8)
        let hello = Self.exchange(["HELLO", "3"], on: probe, until: .now + decisivePatience)
        hasRESP3 = hello?.type == UInt8(ascii: "%")
        try learnIdentity(hello)
        for number in options.databases {
            guard let reply = ask("SELECT", String(number)), reply.type != UInt8(ascii: "-") else {
                databasesProblem = "the server has no database \(number)"
                break
            }
        }
        if let nodes = ask("CLUSTER", "NODES"), nodes.type != UInt8(ascii: "-") {
            cluster = ClusterView(nodes: nodes.text)
        }
        closesOnUnknown = try isClosed(by: "BULKHEADNOSUCH")
        showsIdentifiers = try !isClosed(by: "CLIENT", "ID")
    }

    /// Proxies end a connection over what they do not pass on.
    private func isClosed(by words: String...) throws(ConformanceError) -> Bool {
        let wire = try Wire(to: target)
        try login(wire, until: .now + decisivePatience)
        return Self.exchange(words, on: wire, until: .now + patience) == nil && wire.isClosed
    }

    /// What the server says it is, or what it is judged as.
    private func learnIdentity(_ hello: WireValue?) throws(ConformanceError) {
        if let info = ask("INFO", "server") { identity = Self.identity(info) }
        let fields = (hello?.elements ?? []).map { String(decoding: $0.text, as: UTF8.self) }
        if let version = options.judgedAs {
            identity = ServerIdentity(product: "redis", version: version)
            if let place = fields.firstIndex(of: "version"), place > 0, place + 1 < fields.count,
                fields[0] == "server"
            {
                identity.label = "\(fields[1]) \(fields[place + 1])"
            }
        } else if !identity.compatibility.isEmpty, identity.compatibility.lexicographicallyPrecedes([6, 2]) {
            throw ConformanceError(
                description: "\(target.address) is \(identity.name), and the cases are for Redis 6.2 and what came "
                    + "later: judge it as 6.2 (--as 6.2) to see what it has of that")
        }
    }

    private static func identity(_ info: WireValue) -> ServerIdentity {
        var fields: [Substring: Substring] = [:]
        for line in String(decoding: info.text, as: UTF8.self).split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon]] = line[line.index(after: colon)...]
        }
        let compatibility = ServerIdentity.numbers(fields["redis_version"] ?? "")
        let product = fields["server_name"].map(String.init) ?? "redis"
        let version = fields[Substring("\(product)_version")].map(ServerIdentity.numbers) ?? compatibility
        return ServerIdentity(product: product, version: version, compatibility: compatibility)
    }

    // MARK: Connections of cases

    /// A connection as a case begins with it, and its number at the server if it says one. Without a version nothing
    /// but a login is sent.
    func open(version: Int?, until deadline: ContinuousClock.Instant) throws(ConformanceError) -> (Wire, [UInt8]?) {
        let wire = try Wire(to: target)
        try login(wire, until: deadline)
        guard let version else { return (wire, nil) }
        if version == 3, Self.exchange(["HELLO", "3"], on: wire, until: deadline)?.type != UInt8(ascii: "%") {
            throw ConformanceError(description: "HELLO 3 is not answered by a map")
        }
        if databasesProblem == nil, let first = options.databases.first {
            let reply = Self.exchange(["SELECT", String(first)], on: wire, until: deadline)
            guard reply?.type == UInt8(ascii: "+") else {
                throw ConformanceError(description: "SELECT \(first) is not answered by OK")
            }
        }
        guard showsIdentifiers else { return (wire, nil) }
        let identifier = Self.exchange(["CLIENT", "ID"], on: wire, until: deadline)
        return (wire, identifier?.type == UInt8(ascii: ":") ? identifier?.text : nil)
    }

    private func login(_ wire: Wire, until deadline: ContinuousClock.Instant) throws(ConformanceError) {
        guard let password = target.password else { return }
        let words = ["AUTH"] + (target.username.map { [$0] } ?? []) + [password]
        guard let reply = Self.exchange(words, on: wire, until: deadline) else {
            throw silence(of: wire, after: "AUTH")
        }
        guard reply.type == UInt8(ascii: "+") else {
            let code = reply.text.prefix { $0 != UInt8(ascii: " ") }
            throw ConformanceError(description: "the login was refused: \(String(decoding: code, as: UTF8.self))")
        }
    }

    private func silence(of wire: Wire, after word: String) -> ConformanceError {
        let advice = wire.isEncrypted ? "" : ": if its port speaks TLS, use rediss://"
        return wire.ending
            ?? ConformanceError(description: "\(target.address) does not answer \(word) with RESP\(advice)")
    }

    // MARK: Questions

    /// Whether the server has a command; true where it does not say.
    func has(command: String) -> Bool {
        if let answer = known[command] { return answer }
        let reply = ask("COMMAND", "INFO", command)
        let answer = reply.map { $0.type != UInt8(ascii: "*") || $0.elements.first?.isNull == false } ?? true
        known[command] = answer
        return answer
    }

    /// Whether CLIENT LIST shows a connection as blocked that is blocked for certain. Asked once: an empty list is
    /// waited for.
    private(set) lazy var showsBlocked: Bool = {
        let deadline = ContinuousClock.now + patience
        guard let (wire, identifier) = try? open(version: 2, until: deadline), let identifier else { return false }
        let words = ["BLPOP", options.keyPrefix + "nothing", "0"].map { Array($0.utf8) }
        guard wire.send(Self.command(words), until: deadline) else { return false }
        return isBlocked(identifier, until: deadline)
    }()

    /// Gives the server a moment to begin to wait, where nothing shows that it does.
    func giveAMoment() { _ = own.fill(until: .now + .milliseconds(200)) }

    /// Waits until CLIENT LIST shows the connection as blocked.
    func isBlocked(_ identifier: [UInt8], until deadline: ContinuousClock.Instant) -> Bool {
        let start = "id=\(String(decoding: identifier, as: UTF8.self)) "
        while ContinuousClock.now < deadline {
            guard let reply = ask("CLIENT", "LIST"), reply.type != UInt8(ascii: "-") else { return false }
            for line in String(decoding: reply.text, as: UTF8.self).split(separator: "\n") where line.hasPrefix(start) {
                let flags = line.split(separator: " ").first { $0.hasPrefix("flags=") } ?? ""
                if flags.dropFirst(6).contains("b") { return true }
            }
            _ = own.fill(until: .now + .milliseconds(2))
        }
        return false
    }

    /// Looks whether the server still serves new connections: what it does to one case is no fault in the next ones.
    func checkUse(after test: ConformanceCase) {
        let deadline = ContinuousClock.now + decisivePatience
        guard isUsable else { return }
        if let wire = try? Wire(to: target), (try? login(wire, until: deadline)) != nil,
            Self.exchange(["PING"], on: wire, until: deadline)?.text == Array("PONG".utf8)
        {
            return
        }
        ruin = "the server has served no new connection since \(test.id)"
    }

    /// The first database that holds anything; nil if all are empty.
    func firstInUse() -> Int? {
        for number in options.databases {
            _ = ask("SELECT", String(number))
            guard let size = ask("DBSIZE"), size.text == [UInt8(ascii: "0")] else { return number }
        }
        return nil
    }

    /// What a name stands for in a case.
    func bytes(named name: String, in test: ConformanceCase, _ version: Int) -> [UInt8] {
        guard test.isCluster, let cluster else { return options.bytes(named: name, in: test, version) }
        if name == "node" { return cluster.node }
        return options.bytes(named: name, in: test, version) + Array(cluster.suffix(of: name).utf8)
    }

    /// Deletes the keys of a case in all databases that were given.
    func removeKeys(of test: ConformanceCase, _ version: Int) {
        let names = test.keys.map { bytes(named: $0, in: test, version) }
        if test.isCluster {
            for name in names { housekeeping(Self.command([Array("DEL".utf8), name])) }
            return
        }
        guard !names.isEmpty else { return }
        for number in databasesProblem == nil ? options.databases : [0] {
            if databasesProblem == nil {
                housekeeping(Self.command([Array("SELECT".utf8), Array(String(number).utf8)]))
            }
            housekeeping(Self.command([Array("DEL".utf8)] + names))
        }
    }

    /// Runs a command whose reply does not matter.
    func housekeeping(_ bytes: [UInt8]) {
        guard !isDeaf else { return }
        let isDone = own.send(bytes, until: .now + patience)
        if isDone, (try? own.value(until: .now + patience)) != nil { return }
        // A case may have ended this connection, or a busy machine may answer late. Whether the server cleans up
        // decides about all cases.
        let deadline = ContinuousClock.now + decisivePatience
        isDeaf = !reconnect() || !own.send(bytes, until: deadline) || (try? own.value(until: deadline)) == nil
    }

    /// Waits until what the server sends for requests before this call has arrived. A server of one thread reads them
    /// before the first question here, and sends all replies of one round of its loop before it reads the second.
    func letRepliesArrive() {
        for _ in 0..<2 { _ = ask("PING") }
    }

    private func ask(_ words: String...) -> WireValue? {
        guard !isDeaf else { return nil }
        if let reply = Self.exchange(words, on: own, until: .now + patience) { return reply }
        guard reconnect() else { return nil }
        return Self.exchange(words, on: own, until: .now + patience)
    }

    private func reconnect() -> Bool {
        guard let wire = try? Wire(to: target), (try? login(wire, until: .now + patience)) != nil else {
            return false
        }
        own = wire
        return true
    }

    private static func exchange(
        _ words: [String], on wire: Wire, until deadline: ContinuousClock.Instant
    ) -> WireValue? {
        guard wire.send(command(words.map { Array($0.utf8) }), until: deadline) else { return nil }
        return (try? wire.value(until: deadline))?.0
    }

    static func command(_ words: [[UInt8]]) -> [UInt8] {
        words.reduce(into: Array("*\(words.count)\r\n".utf8)) { bytes, word in
            bytes += Array("$\(word.count)\r\n".utf8)
            bytes += word
            bytes += [UInt8(ascii: "\r"), UInt8(ascii: "\n")]
        }
    }
}
