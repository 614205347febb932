@testable import Bulkhead
import BulkheadCommands
import BulkheadRESP
import Testing

@Suite struct `A batch of commands of one type` {
    private static func set(_ size: Int) -> RedisCommand<RESPValue> {
        .raw("SET", ["key:\(size)", String(repeating: "x", count: size)], as: RESPValue.self)
    }

    /// Of no bytes, of as many as a command holds in itself, of one more, and of many.
    private static let sizes = [0, 1, 28, 29, 30, 31, 32, 70_000]

    @Test func `it is the same as its commands one behind the other`() throws {
        let simple = Self.sizes.map(Self.set)
        let others: [RedisCommand<RESPValue>] = [
            .raw("HGETALL", ["hash"], as: RESPValue.self), .raw("BLPOP", ["list", 1], as: RESPValue.self),
            .raw("MULTI", [], as: RESPValue.self), .raw("SELECT", [1], as: RESPValue.self),
            RedisCommand<Int>.del([String]()).map { .integer(Int64($0)) },
        ]
        var batches: [[RedisCommand<RESPValue>]] = [[], simple, simple.reversed()] + simple.map { [$0] }
        for other in others {
            for place in [0, simple.count / 2, simple.count] {
                var commands = simple
                commands.insert(other, at: place)
                batches.append(commands)
            }
        }
        for commands in batches {
            let made = RedisBatch(commands)
            var appended = RedisBatch()
            for command in commands { appended.append(command) }
            #expect(made.bytes == appended.bytes)
            #expect(made.count == commands.count && made.sent == appended.sent)
            #expect(made.isLarge == appended.isLarge)
            #expect(made.special.map(\.position) == appended.special.map(\.position))
            #expect(made.special.map(\.command.bytes) == appended.special.map(\.command.bytes))
            let replies = (0..<made.sent).map { RESPValue.integer(Int64($0)) }
            #expect(made.replies(with: replies) == appended.replies(with: replies))
        }
    }

    @Test func `it keeps the order of its commands`() {
        let batch = RedisBatch(Self.sizes.map(Self.set))
        let words = EncodedCommand.commands(of: batch.bytes).map { $0.bytes.count }
        #expect(words == Self.sizes.map { Self.set($0).bytes.count })
    }
}
