@testable import BulkheadNetworking
import BulkheadRESP

/// What a server does with the subscriptions of one connection, as real ones were seen to: 6.2, 7.0, 8.2, Valkey 9.1.
struct PubSubModel {
    let version: RESPVersion
    private var channels: [String] = []
    private var patterns: [String] = []
    private var shardChannels: [String] = []
    /// The slot of the shard channels is another server's.
    private var isMoved = false

    init(_ version: RESPVersion) { self.version = version }

    var isSubscribed: Bool { !channels.isEmpty || !patterns.isEmpty || !shardChannels.isEmpty }

    /// A list that looks like a message.
    static let trap = ["message", "a", "a reply"]

    /// The wire's text of the answer to a command.
    mutating func answer(_ words: [String]) -> String {
        let names = Array(words.dropFirst())
        switch words[0] {
        case "SUBSCRIBE": return began(names, "subscribe", \.channels)
        case "PSUBSCRIBE": return began(names, "psubscribe", \.patterns)
        case "SSUBSCRIBE", "SUNSUBSCRIBE":
            if isMoved, !names.isEmpty { return "-MOVED 15495 127.0.0.1:7001\r\n" }
            return words[0] == "SSUBSCRIBE"
                ? began(names, "ssubscribe", \.shardChannels) : ended(names, "sunsubscribe", \.shardChannels)
        case "UNSUBSCRIBE": return ended(names, "unsubscribe", \.channels)
        case "PUNSUBSCRIBE": return ended(names, "punsubscribe", \.patterns)
        case "PING": return isRestricted ? list(["pong", ""]) : "+PONG\r\n"
        default: return isRestricted ? "-ERR Can't execute '\(words[0])'\r\n" : list(Self.trap)
        }
    }

    /// Messages that reach the connection when `text` is published to `channel`.
    func publish(_ text: String, to channel: String) -> [String] {
        (channels.contains(channel) ? [push(["message", channel, text])] : [])
            + patterns.filter { channel.hasPrefix($0.dropLast()) }.map { push(["pmessage", $0, channel, text]) }
    }

    func publish(_ text: String, toShard channel: String) -> [String] {
        shardChannels.contains(channel) ? [push(["smessage", channel, text])] : []
    }

    /// The slot moves; what the server says of that by itself.
    mutating func move() -> [String] {
        isMoved = true
        return shardChannels.reversed().map { name in
            shardChannels.removeAll { $0 == name }
            return confirmation("sunsubscribe", name, shardChannels.count)
        }
    }

    // MARK: Parts

    private var isRestricted: Bool { version == .resp2 && isSubscribed }

    private func count(after path: WritableKeyPath<Self, [String]>) -> Int {
        path == \.shardChannels ? shardChannels.count : channels.count + patterns.count
    }

    private mutating func began(_ names: [String], _ kind: String, _ path: WritableKeyPath<Self, [String]>) -> String {
        var answer = ""
        for name in names {
            if !self[keyPath: path].contains(name) { self[keyPath: path].append(name) }
            answer += confirmation(kind, name, count(after: path))
        }
        return answer
    }

    private mutating func ended(_ names: [String], _ kind: String, _ path: WritableKeyPath<Self, [String]>) -> String {
        let names = names.isEmpty ? self[keyPath: path] : names
        if names.isEmpty { return confirmation(kind, nil, count(after: path)) }
        var answer = ""
        for name in names {
            self[keyPath: path].removeAll { $0 == name }
            answer += confirmation(kind, name, count(after: path))
        }
        return answer
    }

    private func confirmation(_ kind: String, _ name: String?, _ left: Int) -> String {
        let null = version == .resp3 ? "_\r\n" : "$-1\r\n"
        return sign + "3\r\n" + bulk(kind) + (name.map(bulk) ?? null) + ":\(left)\r\n"
    }

    private func push(_ parts: [String]) -> String { sign + "\(parts.count)\r\n" + parts.map(bulk).joined() }
    private func list(_ parts: [String]) -> String { "*\(parts.count)\r\n" + parts.map(bulk).joined() }
    private func bulk(_ text: String) -> String { "$\(text.utf8.count)\r\n\(text)\r\n" }
    private var sign: String { version == .resp3 ? ">" : "*" }
}

/// Steps of which sequences are made.
enum SubscriptionStep {
    static let one = [
        "SUBSCRIBE a", "PSUBSCRIBE a*", "SSUBSCRIBE a", "UNSUBSCRIBE a", "PUNSUBSCRIBE a*", "SUNSUBSCRIBE a",
    ]
    static let all = one + ["UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE", "SUBSCRIBE b a b", "LRANGE list 0 -1"]

    /// Every sequence of `length` of these.
    static func sequences(of steps: [String], length: Int) -> [[String]] {
        (0..<length).reduce([[]]) { sequences, _ in sequences.flatMap { start in steps.map { start + [$0] } } }
    }

    /// Every order of the six commands.
    static var orders: [[String]] {
        func orders(of steps: [String]) -> [[String]] {
            steps.isEmpty
                ? [[]]
                : steps.flatMap { first in
                    orders(of: steps.filter { $0 != first }).map { [first] + $0 }
                }
        }
        return orders(of: one)
    }
}
