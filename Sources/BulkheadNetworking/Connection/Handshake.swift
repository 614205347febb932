import BulkheadRESP

/// The conversation that makes a connection usable, as a pure machine: replies in, the next step out.
///
/// One write asks for everything:
/// ```
/// HELLO 3 [AUTH user password] [SETNAME name]     must succeed
/// CLIENT SETINFO LIB-NAME · LIB-VER               may fail: servers before 7.2 do not know it
/// CLIENT ID                                       in RESP2 only, may fail: HELLO's reply has it
/// CLIENT CAPA redirect                            of a primary only, may fail: Valkey from 8 on knows it
/// CLIENT MAINT_NOTIFICATIONS ON …                 where asked for, may fail: managed servers alone know it
/// ROLE                                            of a primary only, must say that it is one
/// READONLY                                        of a cluster's replica only, must succeed
/// SELECT n                                        must answer OK, else no command ever leaves; not of a sentinel
/// ```
/// Only where HELLO is an unknown command, or refused with NOPROTO, or as if it held no login, a second write
/// follows in RESP2: `AUTH`, `CLIENT SETNAME`, ROLE or READONLY again and, if the first SELECT was not accepted,
/// SELECT. Every other error ends the connection: falling back after a wrong password would hide it.
struct Handshake: Sendable {
    /// What the shell does next.
    enum Step {
        case wait
        case send([UInt8])
        case ready(RESPVersion)
        case failed(ConnectionFailure)
    }

    private enum Question {
        case hello, information, identity, auth, name, role, readOnly, select
    }

    private let settings: ConnectionSettings
    private var questions: [Question] = []
    private var version: RESPVersion
    private var isSelected = false
    private var needsFallback = false
    /// What the server calls this connection by, for CLIENT UNBLOCK; nil of servers that do not know HELLO.
    private(set) var clientID: Int64?

    init(_ settings: ConnectionSettings) {
        self.settings = settings
        version = settings.version
    }

    /// The bytes of the first write.
    mutating func start() -> [UInt8] {
        var encoder = RESPEncoder(capacity: 256)
        switch version {
        case .resp3: ask(.hello, hello(), &encoder)
        default: askForLogin(&encoder)
        }
        ask(.information, ["CLIENT", "SETINFO", "LIB-NAME", ConnectionSettings.libraryName], &encoder)
        ask(.information, ["CLIENT", "SETINFO", "LIB-VER", LibraryVersion.number], &encoder)
        if version == .resp2 { ask(.identity, ["CLIENT", "ID"], &encoder) }
        if settings.role == .primary { ask(.information, ["CLIENT", "CAPA", "redirect"], &encoder) }
        if settings.hearsMaintenance, version == .resp3, let maintenance = settings.maintenance {
            let words = ["CLIENT", "MAINT_NOTIFICATIONS", "ON", "moving-endpoint-type", maintenance.endpointKind]
            ask(.information, words, &encoder)
        }
        askForDatabase(&encoder)
        return encoder.bytes
    }

    /// Takes the reply to the oldest open question.
    mutating func received(_ reply: RESPValue) -> Step {
        // What comes behind a failure, or was not asked for, decides nothing any more.
        guard !questions.isEmpty else { return .wait }
        let question = questions.removeFirst()
        if let failure = check(reply, to: question) {
            questions = []
            return .failed(failure)
        }
        guard questions.isEmpty else { return .wait }
        return needsFallback ? fallBack() : .ready(version)
    }

    // MARK: Questions

    private func hello() -> [String] {
        var words = ["HELLO", "3"]
        if settings.needsLogin { words += ["AUTH", settings.username ?? "default", settings.password ?? ""] }
        if let name = settings.clientName { words += ["SETNAME", name] }
        return words
    }

    private mutating func askForLogin(_ encoder: inout RESPEncoder) {
        if settings.needsLogin {
            // Servers before 6 know only the form without a user.
            ask(.auth, ["AUTH"] + (settings.username.map { [$0] } ?? []) + [settings.password ?? ""], &encoder)
        }
        if let name = settings.clientName { ask(.name, ["CLIENT", "SETNAME", name], &encoder) }
    }

    private mutating func askForDatabase(_ encoder: inout RESPEncoder) {
        if settings.role == .primary { ask(.role, ["ROLE"], &encoder) }
        if settings.readsOnly { ask(.readOnly, ["READONLY"], &encoder) }
        if settings.role != .sentinel, !isSelected {
            ask(.select, ["SELECT", String(settings.database)], &encoder)
        }
    }

    private mutating func ask(_ question: Question, _ words: [String], _ encoder: inout RESPEncoder) {
        questions.append(question)
        encoder.command(argumentCount: words.count)
        for word in words { encoder.argument(word) }
    }

    private mutating func fallBack() -> Step {
        needsFallback = false
        version = .resp2
        var encoder = RESPEncoder()
        askForLogin(&encoder)
        askForDatabase(&encoder)
        return questions.isEmpty ? .ready(version) : .send(encoder.bytes)
    }

    // MARK: Replies

    private mutating func check(_ reply: RESPValue, to question: Question) -> ConnectionFailure? {
        let error = reply.errorMessage.map { String(decoding: $0, as: UTF8.self) }
        switch question {
        case .information, .identity:
            if case .integer(let number) = reply, question == .identity { clientID = number }
            guard let error, Self.refusesEverybody(error) else { return nil }
            return refusal(error)
        case .hello:
            guard let error else {
                if case .map(let fields) = reply {
                    if case .integer(let number) = fields["id"] { clientID = number }
                    return nil
                }
                return ConnectionFailure(
                    .handshakeUnanswered, "\(settings.endpoint) answered HELLO, but not with a map")
            }
            if meansNoHello(error) {
                needsFallback = true
                return nil
            }
            return refusal(error)
        case .auth, .name:
            return error.map { refusal($0) }
        case .role: return needsFallback ? nil : roleFailure(reply)
        case .readOnly: return needsFallback ? nil : error.map { refusal($0) }
        case .select:
            if case .simpleString("OK") = reply {
                isSelected = true
                return nil
            }
            // Without a login the first SELECT is refused; the second write repeats it.
            return needsFallback ? nil : selectFailure(error)
        }
    }

    /// `ERR unknown command 'HELLO' …` from servers without it, NOPROTO from servers without RESP3.
    ///
    /// Valkey 9.1 says NOAUTH to every command it does not know before the login. A server that knows HELLO never
    /// says it to one that brings a login, so nothing is hidden: a wrong password is refused by AUTH.
    private func meansNoHello(_ error: String) -> Bool {
        error.hasPrefix("NOPROTO") || error.hasPrefix("ERR unknown command")
            || settings.needsLogin && error.hasPrefix("NOAUTH")
    }

    /// What a server says before it has read anything; in RESP2 it may stand where SETINFO's reply would.
    private static func refusesEverybody(_ error: String) -> Bool {
        error.hasPrefix("ERR max number of clients") || error.hasPrefix("DENIED")
    }

    /// What may be shown of an error: servers quote the arguments of a command they do not know, AUTH's too.
    private func shown(_ error: String) -> String {
        let beginning = error.firstRange(of: ", with args").map { error[..<$0.lowerBound] } ?? error[...]
        if let password = settings.password, !password.isEmpty, beginning.contains(password) {
            return "its error is not shown, because it repeats the password"
        }
        return String(beginning)
    }

    /// The word in capitals that an error begins with: `BUSY`, `ERR`.
    private static func code(of error: String) -> String {
        let word = error.prefix { $0 != " " }
        return !word.isEmpty && word.allSatisfy { $0.isASCII && $0.isUppercase } ? String(word) : "ERR"
    }

    private func refusal(_ error: String) -> ConnectionFailure {
        let user = settings.username ?? "default"
        if error.hasPrefix("NOAUTH") {
            return ConnectionFailure(
                .authenticationFailed, "\(settings.endpoint) requires a password and none was given")
        }
        if error.hasPrefix("WRONGPASS") || error.hasPrefix("ERR invalid password") {
            return ConnectionFailure(
                .authenticationFailed,
                "\(settings.endpoint) refused the login of user \(user): wrong name or password, "
                    + "or the user is disabled")
        }
        if error.hasPrefix("ERR AUTH") || error.hasPrefix("ERR Client sent AUTH") {
            return ConnectionFailure(
                .authenticationFailed,
                "\(settings.endpoint) has no password set for user \(user), but one was given: leave it out")
        }
        return ConnectionFailure(
            error.hasPrefix("NOPERM") ? .permissionDenied : .handshakeRefused(code: Self.code(of: error)),
            "\(settings.endpoint) refused the connection: \(shown(error))")
    }

    private func roleFailure(_ reply: RESPValue) -> ConnectionFailure? {
        if let error = reply.errorMessage.map({ String(decoding: $0, as: UTF8.self) }) {
            guard error.hasPrefix("NOPERM") else { return refusal(error) }
            return ConnectionFailure(
                .permissionDenied,
                "the ACL of \(settings.endpoint) denies ROLE to user \(settings.username ?? "default"), which shows "
                    + "whether the server is the primary of its group: grant +role")
        }
        let role = reply.withoutAttributes.elements?.first?.bytes.map { String(decoding: $0, as: UTF8.self) }
        guard role != "master" else { return nil }
        let words = role == "slave" ? "is a replica" : role == "sentinel" ? "is a sentinel" : "does not say its role"
        return ConnectionFailure(
            .notPrimary, "\(settings.endpoint) \(words), and not the primary of its group: nothing was sent to it")
    }

    private func selectFailure(_ error: String?) -> ConnectionFailure {
        let number = settings.database
        guard let error else {
            return ConnectionFailure(
                .handshakeUnanswered, "\(settings.endpoint) answered SELECT \(number), but not with OK")
        }
        if error.hasPrefix("NOPERM") {
            return ConnectionFailure(
                .databaseDenied,
                "the ACL of \(settings.endpoint) denies SELECT \(number) to user \(settings.username ?? "default"): "
                    + "grant the user +select and, on servers with database rules, database \(number)")
        }
        if error.contains("not allowed in cluster mode") {
            return ConnectionFailure(
                .databaseOutOfRange,
                "\(settings.endpoint) is a node of a cluster, which has no database \(number) (\(shown(error))): give "
                    + "this name a server of its own, or use number 0 of another server")
        }
        if error.contains("out of range") {
            return ConnectionFailure(
                .databaseOutOfRange,
                "\(settings.endpoint) has no database \(number) (\(shown(error))): "
                    + "raise `databases` in its configuration or change the number in the catalogue")
        }
        if error.hasPrefix("ERR unknown command") {
            return ConnectionFailure(
                .handshakeRefused(code: "ERR"),
                "\(settings.endpoint) does not know SELECT, so it has no databases. Is it a Sentinel or a "
                    + "proxy? Connect to the server behind it")
        }
        return refusal(error)
    }
}
