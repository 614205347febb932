import BulkheadNetworking
import BulkheadRESP

/// What a connection must make of each value, told from the commands it was seen to send and nothing else of it.
///
/// The plain rule behind it: ready only when every command of the handshake has an answer of its own that is no push,
/// looked at through attributes, and that is acceptable.
struct HandshakeModel {
    enum Meaning {
        case nothing, ready, send, broken, pushed
        /// The reply, or the last of several, of the request with this number.
        case completed(Int)
    }

    /// Commands sent and not answered, by their words.
    private var open: [[String]] = []
    private var fallsBack = false
    private var isSelected = false
    private(set) var isReady = false
    private(set) var isBroken = false
    /// Requests that were handed out, with the replies each still waits for.
    private var asked: [(number: Int, missing: Int)] = []
    private let settings: ConnectionSettings

    init(_ settings: ConnectionSettings) { self.settings = settings }

    mutating func sent(_ bytes: [UInt8]) { open += Self.commands(bytes) }
    mutating func asked(_ number: Int, replies: Int) { asked.append((number, replies)) }

    /// Why the first commands are not those of this handshake; nil if they are.
    func complaint(about bytes: [UInt8]) -> String? {
        let words = Self.commands(bytes)
        let selects = words.last == ["SELECT", String(settings.database)]
        let greets = words.first?.first == "HELLO" || settings.version == .resp2
        return selects && greets ? nil : "the handshake does not begin with HELLO and end with its SELECT"
    }

    /// The commands of the second write: login, name, and SELECT unless it was answered.
    var fallback: [[String]] {
        var words: [[String]] = []
        if settings.username != nil || settings.password != nil {
            words.append(["AUTH"] + (settings.username.map { [$0] } ?? []) + [settings.password ?? ""])
        }
        if let name = settings.clientName { words.append(["CLIENT", "SETNAME", name]) }
        if !isSelected { words.append(["SELECT", String(settings.database)]) }
        return words
    }

    mutating func meaning(of value: RESPValue) -> Meaning {
        if isBroken { return .nothing }
        let reply = value.withoutAttributes
        let isPush = if case .push = reply { true } else { false }
        if isReady {
            if isPush { return .pushed }
            guard !asked.isEmpty else {
                isBroken = true
                return .broken
            }
            asked[0].missing -= 1
            return asked[0].missing == 0 ? .completed(asked.removeFirst().number) : .nothing
        }
        guard !isPush, !open.isEmpty else { return .nothing }
        guard accepts(reply, to: open.removeFirst()) else {
            isBroken = true
            return .broken
        }
        guard open.isEmpty else { return .nothing }
        if fallsBack {
            fallsBack = false
            if !fallback.isEmpty { return .send }
        }
        isReady = true
        return .ready
    }

    private mutating func accepts(_ reply: RESPValue, to command: [String]) -> Bool {
        let error = reply.errorMessage.map { String(decoding: $0, as: UTF8.self) }
        switch command[0] {
        case "HELLO":
            if case .map = reply { return true }
            // Valkey 9.1 says NOAUTH where it does not know HELLO, and nobody says it to one that brings a login.
            let noHello = ["NOPROTO", "ERR unknown command"] + (command.contains("AUTH") ? ["NOAUTH"] : [])
            fallsBack = error.map { error in noHello.contains { error.hasPrefix($0) } } ?? false
            return fallsBack
        case "SELECT":
            if reply == .simpleString("OK") { isSelected = true }
            return isSelected || fallsBack
        case "CLIENT" where command[1] == "SETINFO" || command[1] == "ID":
            // Older servers do not know it; what refuses everybody refuses here too.
            return error.map { !$0.hasPrefix("ERR max number of clients") && !$0.hasPrefix("DENIED") } ?? true
        default: return error == nil
        }
    }

    static func commands(_ bytes: [UInt8]) -> [[String]] {
        ReferenceDecoder.decode(bytes).values.map { command in
            (command.elements ?? []).map { $0.bytes?.text ?? "" }
        }
    }
}
