import Bulkhead
import BulkheadBenchmarkSupport
import BulkheadTestServer

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The whole run: a server, its listeners, and the rounds.
///
/// One script publishes all messages of a turn, and the server sends none before it has ended. So a turn lasts from the
/// script's end, by the server's clock, until the last message is read: it measures reading, and not publishing.
struct Delivery {
    private typealias Subscription = RedisSubscription<RedisMessage<String>>

    private static let content = String(repeating: "m", count: 100)
    private static let script = """
        local start = redis.call('TIME')
        for i = 0, ARGV[2] - 1 do
            redis.call('PUBLISH', string.format('%s:%06d', ARGV[1], i % ARGV[3]), ARGV[4])
        end
        local stop = redis.call('TIME')
        return {start[1], start[2], stop[1], stop[2]}
        """

    /// Who listens: channels `prefix:000000` and on, and how many messages of a turn each of them brings.
    private struct Listeners {
        let name: String
        let prefix: String
        let channels: Int
        let messages: Int
        var subscriptions: [Subscription] = []
        var socket: BareSocket?

        /// What is heard by all of them together.
        var heard: Int { messages / channels * max(channels, subscriptions.count) }
    }

    /// Two who hear as much, each by channels of its own.
    private struct Pair {
        let ours: Listeners
        let bare: Listeners
    }

    private let settings: DeliverySettings

    init(_ settings: DeliverySettings) { self.settings = settings }

    func run() async throws -> String {
        // The script pins this program.
        let core = CPUPinning.firstOtherCore
        let server = try RedisTestServer.start(
            RedisTestServer.Options(
                listening: .tcp, arguments: ["--client-output-buffer-limit", "pubsub", "0", "0", "0"],
                launchPrefix: CPUPinning.words(for: core)))
        defer { server.stop() }
        let databases = try RedisDatabases(url: server.url)
        let main = try databases[.main]
        let pairs = try await pairs(main, server)
        let lone = try await listeners(
            "\(Units.grouped(settings.subscriptions)), one channel", "all", 1,
            messages: max(10, settings.messages / 1_000), subscriptions: settings.subscriptions, main)

        var (ours, bare) = ([[Double]](repeating: [], count: 2), [[Double]](repeating: [], count: 2))
        var (shared, published): ([Double], [Double]) = ([], [])
        for round in 0...settings.rounds {
            for place in round.isMultiple(of: 2) ? [0, 1] : [1, 0] {
                let pair = pairs[place]
                for listeners in round.isMultiple(of: 2) ? [pair.bare, pair.ours] : [pair.ours, pair.bare] {
                    let turn = try await turn(listeners, main)
                    // The first round is not counted: it brings memory.
                    if round == 0 { continue }
                    if listeners.socket == nil { ours[place].append(turn.rate) } else { bare[place].append(turn.rate) }
                    published.append(turn.publishing)
                }
            }
            let turn = try await turn(lone, main)
            if round > 0 { shared.append(turn.rate) }
        }
        await databases.close()

        var table = Table(columns: [
            .text("subscriptions"), .number("messages a second"), .number("bare socket"), .number("ratio"),
        ])
        for (place, pair) in pairs.enumerated() {
            guard let mine = Spread(ours[place]), let theirs = Spread(bare[place]),
                let ratio = Spread(zip(ours[place], bare[place]).map { $0 / $1 })
            else { continue }
            table.append([pair.ours.name, text(mine), text(theirs), ratio.text { Units.decimal($0, places: 2) }])
        }
        guard let deliveries = Spread(shared), let publishing = Spread(published) else { return "" }
        table.append([lone.name, text(deliveries), "–", "–"])
        return table.text() + """
            Medians of \(settings.rounds) rounds (least–most), in turns, over one connection.
            \(Units.grouped(settings.messages)) messages of \(Self.content.utf8.count) bytes a turn.
            To one channel the server sends each message once: what is counted is what subscriptions read.
            The server published \(text(publishing)) a second.
            \(server.flavour) \(server.version), \
            \(core == nil ? "not pinned" : "on one core, this program on another").

            """
    }

    private func text(_ spread: Spread) -> String { spread.text { Units.count(Int($0)) } }

    // MARK: Who listens

    private func pairs(_ main: RedisDatabase, _ server: RedisTestServer) async throws -> [Pair] {
        var pairs: [Pair] = []
        for (name, channels) in [
            ("1", 1),
            ("\(Units.grouped(settings.subscriptions)), a channel each", settings.subscriptions),
        ] {
            // Each channel brings as many messages.
            let messages = max(1, settings.messages / channels) * channels
            let ours = try await listeners(
                name, "ours-\(pairs.count)", channels, messages: messages, subscriptions: channels, main)
            var bare = Listeners(name: name, prefix: "bare-\(pairs.count)", channels: channels, messages: messages)
            bare.socket = try bareSocket(bare, server)
            pairs.append(Pair(ours: ours, bare: bare))
        }
        return pairs
    }

    private func listeners(
        _ name: String, _ prefix: String, _ channels: Int, messages: Int, subscriptions: Int, _ main: RedisDatabase
    ) async throws -> Listeners {
        var listeners = Listeners(name: name, prefix: prefix, channels: channels, messages: messages)
        for place in 0..<subscriptions {
            let channel = Self.channel(prefix, place % channels)
            // As many as a turn brings, so that none is dropped however late the reader is.
            let subscription = try await main.subscribe(to: .channels(channel), keeping: messages / channels)
            listeners.subscriptions.append(subscription)
        }
        return listeners
    }

    private func bareSocket(_ listeners: Listeners, _ server: RedisTestServer) throws -> BareSocket {
        guard let port = server.port else { throw ProgramError("the server has no port") }
        let socket = try BareSocket(host: "127.0.0.1", port: port, database: 0)
        let channels = (0..<listeners.channels).map { Self.channel(listeners.prefix, $0) }
        let size = channels.enumerated().reduce(0) { sum, next in
            sum + "*3\r\n$9\r\nsubscribe\r\n".utf8.count + Self.bulk(next.element)
                + ":\(next.offset + 1)\r\n".utf8.count
        }
        try socket.ask(["SUBSCRIBE"] + channels, replySize: size, beginningWith: UInt8(ascii: "*"))
        return socket
    }

    private static func channel(_ prefix: String, _ place: Int) -> String {
        let digits = String(place)
        return "\(prefix):\(String(repeating: "0", count: max(0, 6 - digits.count)))\(digits)"
    }

    private static func bulk(_ text: String) -> Int { "$\(text.utf8.count)\r\n\(text)\r\n".utf8.count }

    // MARK: Turns

    /// Messages that were read in a second, and that the server published in one.
    private func turn(
        _ listeners: Listeners, _ main: RedisDatabase
    ) async throws -> (rate: Double, publishing: Double) {
        let each = listeners.messages / listeners.channels
        let (started, ended) = try await withThrowingTaskGroup(of: Void.self) { group in
            for subscription in listeners.subscriptions {
                group.addTask { try await Self.read(each, of: subscription) }
            }
            let times = try await publish(listeners, main)
            if let socket = listeners.socket {
                let size =
                    "*3\r\n$7\r\nmessage\r\n".utf8.count + Self.bulk(Self.channel(listeners.prefix, 0))
                    + Self.bulk(Self.content)
                try socket.receive(size * listeners.messages, beginningWith: UInt8(ascii: "*"))
            }
            try await group.waitForAll()
            return times
        }
        let now = Date().timeIntervalSince1970
        return (Double(listeners.heard) / (now - ended), Double(listeners.messages) / (ended - started))
    }

    /// When the server began to publish and when it had done so: seconds since 1970, by the clock of this machine.
    private func publish(_ listeners: Listeners, _ main: RedisDatabase) async throws -> (Double, Double) {
        let times = try await main.send(
            "EVAL", Self.script, 0, listeners.prefix, listeners.messages, listeners.channels, Self.content,
            as: [Double].self)
        return (times[0] + times[1] / 1e6, times[2] + times[3] / 1e6)
    }

    private static func read(_ count: Int, of subscription: Subscription) async throws {
        var events = subscription.makeAsyncIterator()
        for _ in 0..<count {
            guard case .message(let message) = try await events.next(), message.content.utf8.count == content.utf8.count
            else { throw ProgramError("a subscription has a gap, or another message") }
        }
    }
}
