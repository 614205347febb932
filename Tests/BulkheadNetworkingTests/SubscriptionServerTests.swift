@testable import BulkheadNetworking
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@Suite(.timeLimit(.minutes(10))) struct `Subscriptions of a real server` {
    /// One connection of either kind.
    private enum Line {
        case asynchronous(AsyncConnection)
        case blocking(BlockingConnection)

        init(_ way: Way, _ settings: ConnectionSettings) throws {
            switch way {
            case .asynchronous: self = .asynchronous(AsyncConnection(settings, keepsPushes: true))
            case .blocking: self = .blocking(try BlockingConnection(settings))
            }
        }

        func ask(_ line: String) async throws -> [RESPValue] {
            switch (self, line.contains("SUBSCRIBE")) {
            case (.asynchronous(let connection), true): try await connection.subscribe(command(line)).get()
            case (.asynchronous(let connection), false): [try await connection.send(command(line)).get()]
            case (.blocking(let connection), true): try connection.subscribe(command(line))
            case (.blocking(let connection), false): [try connection.send(command(line))]
            }
        }

        func pushes(_ count: Int) async throws -> [RESPValue] {
            var pushes: [RESPValue] = []
            switch self {
            case .asynchronous(let connection):
                var reader = try #require(connection.pushes).makeAsyncIterator()
                while pushes.count < count, let push = try await reader.next() { pushes.append(push) }
            case .blocking(let connection):
                while pushes.count < count, let push = try connection.nextPush(timeout: .seconds(60)) {
                    pushes.append(push)
                }
            }
            return pushes
        }

        var isIdle: Bool {
            switch self {
            case .asynchronous(let connection): connection.isIdle
            case .blocking(let connection): connection.isIdle
            }
        }
    }

    /// In one protocol a run, as `Tests/run` has runs of both.
    @Test(.enabled(if: TestTier.hasTime), arguments: Way.allCases, [ServerUnderTest.version])
    func `in every order give every request its own answer, and lose no message`(
        _ way: Way, _ version: RESPVersion
    ) async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let probe = try Probe(server)
        let hasShardChannels = try BlockingConnection(.to(server)).send(command("SPUBLISH a x")).errorMessage == nil
        _ = try probe.connection.send(command(["RPUSH", "list"] + PubSubModel.trap))
        let line = try Line(way, .to(server.socketPath, version: version))
        let ends = ["UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE"]
        var published = 0
        for sequence in SubscriptionStep.orders + SubscriptionStep.sequences(of: SubscriptionStep.all, length: 2) {
            var model = PubSubModel(version)
            var expected: [RESPValue] = []
            for step in sequence + ends where hasShardChannels || !step.hasPrefix("S") || step.hasPrefix("SUBSCRIBE") {
                let words = step.split(separator: " ").map(String.init)
                #expect(isSame(try await line.ask(step), values(model.answer(words)), step), "\(sequence): \(step)")
                published += 1
                let shard = hasShardChannels ? [command("SPUBLISH a \(published)")] : []
                let publishing = [command("PUBLISH a \(published)"), command("PUBLISH b \(published)")] + shard
                _ = try probe.connection.sendAll(publishing.flatMap { $0 }, count: publishing.count)
                expected +=
                    (model.publish("\(published)", to: "a") + model.publish("\(published)", to: "b")
                    + model.publish("\(published)", toShard: "a")).flatMap(values)
                #expect(try await line.ask("PING") == values(model.answer(["PING"])), "\(sequence): \(step)")
            }
            #expect(try await line.pushes(expected.count) == expected, "\(sequence)")
            try #require(line.isIdle, "\(sequence)")
        }
    }

    /// Errors differ from server to server, and so does the order in which all channels end.
    private func isSame(_ answers: [RESPValue], _ expected: [RESPValue], _ step: String) -> Bool {
        if expected.first?.errorMessage != nil { return answers.count == 1 && answers[0].errorMessage != nil }
        guard step.hasSuffix("UNSUBSCRIBE") else { return answers == expected }
        func names(_ values: [RESPValue]) -> Set<RESPValue> { Set(values.compactMap { $0.elements?[1] }) }
        return answers.count == expected.count && names(answers) == names(expected)
            && answers.last?.elements?.last == expected.last?.elements?.last
    }

    /// In one protocol a run: each costs the seconds that a cluster takes to come up.
    @Test(.enabled(if: TestTier.hasTime), arguments: Way.allCases, [ServerUnderTest.version])
    func `end with the slot of their shard channel, which answers no request`(
        _ way: Way, _ version: RESPVersion
    ) async throws {
        // The port of its bus may be taken by another test's.
        var node: RedisTestServer?
        for _ in 0..<8 where node == nil {
            let arguments = ["--cluster-enabled", "yes", "--cluster-port", "\(Int.random(in: 20_000..<60_000))"]
            node = try? RedisTestServer.start(.init(arguments: arguments))
        }
        // Before 7.0 there are neither shard channels nor that setting.
        guard let server = node else { return }
        defer { server.stop() }
        let probe = try Probe(server)
        try probe.say("CLUSTER ADDSLOTSRANGE 0 16383")
        let isUp = try await eventually {
            try probe.say("CLUSTER INFO").bytes?.text?.contains("cluster_state:ok") == true
        }
        #expect(isUp)
        let line = try Line(way, .to(server.socketPath, version: version))
        guard case .integer(let slot) = try probe.say("CLUSTER KEYSLOT a") else {
            Issue.record("a key has a slot")
            return
        }
        #expect(try await line.ask("SSUBSCRIBE a").count == 1)
        #expect(try await line.ask("SUBSCRIBE c").count == 1)
        try probe.say("CLUSTER DELSLOTS \(slot)")
        let refused = try await line.ask("SUNSUBSCRIBE a")
        #expect(refused.last?.errorMessage != nil)
        let end = try await line.pushes(refused.count == 1 ? 1 : 0)
        #expect((end + refused.dropLast()).first?.elements?.first == .bulkString("sunsubscribe"))
        let pong = version == .resp3 ? "+PONG\r\n" : "*2\r\n$4\r\npong\r\n$0\r\n\r\n"
        #expect(try await line.ask("PING") == values(pong))
        #expect(try await line.ask("SSUBSCRIBE a").first?.errorMessage != nil)
        try probe.say("PUBLISH c news")
        #expect(try await line.pushes(1).first?.elements?.last == .bulkString("news"))
        #expect(!line.isIdle)
        #expect(try await line.ask("UNSUBSCRIBE").count == 1)
        #expect(line.isIdle)
    }
}
