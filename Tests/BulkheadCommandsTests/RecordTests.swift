import BulkheadCommands
import BulkheadRESP
import Testing

/// Servers add to their records with every version.
@Suite struct `A record of a server` {
    private func record(_ fields: [(String, RESPValue)]) -> RESPValue {
        .array(fields.flatMap { [RESPValue.bulk($0.0), $0.1] })
    }

    private func array(_ parts: RESPValue...) -> RESPValue { .array(parts) }

    @Test func `keeps the fields that have no name here`() throws {
        let later = ("later", RESPValue.integer(7))
        let histogram = try RedisLatencyHistogram(
            redis: record([("calls", .integer(3)), ("histogram_usec", array(.integer(1), .integer(3))), later]))
        #expect(histogram.record["later"] == .integer(7) && histogram.microseconds == [1: 3])

        let shard = try RedisShard(redis: record([("slots", array()), ("nodes", array()), later]))
        #expect(shard.record["later"] == .integer(7))
    }

    @Test func `keeps the parts behind those that are known`() throws {
        let numbers: [RESPValue] = [.integer(1), .integer(2), .integer(3)]
        let slow = numbers + [array(.bulk("GET"), .bulk("k")), .bulk("127.0.0.1:9"), .bulk("me")]
        #expect(try RedisSlowLogEntry(redis: .array(slow)).details == [])
        let entry = try RedisSlowLogEntry(redis: .array(slow + [.bulk("later"), .integer(7)]))
        #expect(entry.details == [.bulk("later"), .integer(7)] && entry.client == "me")

        let event = [RESPValue.bulk("fork")] + numbers
        #expect(try RedisLatencyEvent(redis: .array(event)).details == [])
        let later = try RedisLatencyEvent(redis: .array(event + numbers))
        #expect(later.count == 2 && later.details == [.integer(3)])
    }

    @Test func `equals one with the same fields in the same order`() throws {
        let (a, b) = (("a", RESPValue.integer(1)), ("b", RESPValue.integer(2)))
        let one = try RedisRecord(redis: record([a, b]))
        #expect(try one == RedisRecord(redis: record([a, b])) && Set([one, one]).count == 1)
        #expect(try one != RedisRecord(redis: record([b, a])) && one != RedisRecord(redis: record([a])))
    }
}
