@testable import BulkheadNetworking
import Testing

@Suite struct `Endpoints and durations` {
    @Test(arguments: [
        (Endpoint.tcp(host: "localhost", port: 6379), "localhost:6379"),
        (.tcp(host: "::1", port: 6379), "[::1]:6379"),
        (.unix(path: "/run/redis.sock"), "unix:/run/redis.sock"),
    ])
    func `an endpoint is written as users write it`(_ endpoint: Endpoint, _ written: String) {
        #expect(endpoint.description == written)
    }

    @Test(
        arguments: [
            (Duration.zero, 0), (.seconds(-5), 0), (.nanoseconds(1), 1), (.milliseconds(1), 1),
            (.microseconds(1_001), 2), (.seconds(5), 5_000), (.milliseconds(2_999), 2_999),
            (.nanoseconds(999_999_999), 1_000), (.seconds(2_000_000), 2_000_000_000),
            (.seconds(Int64.max), 2_000_000_000),
        ] as [(Duration, Int32)])
    func `milliseconds are rounded up and kept within what poll takes`(_ duration: Duration, _ expected: Int32) {
        #expect(duration.wholeMilliseconds == expected)
    }

    @Test(arguments: [
        (Duration.nanoseconds(Int64.max), Int64.max), (.nanoseconds(Int64.min), .min),
        (.milliseconds(9_223_372_036_854), 9_223_372_036_854_000_000),
        (.milliseconds(9_223_372_036_900), .max), (.milliseconds(-9_223_372_036_900), .min),
        (.seconds(Int64.max), .max), (.seconds(Int64.min), .min),
    ])
    func `nanoseconds are kept within 64 bits`(_ duration: Duration, _ expected: Int64) {
        #expect(duration.wholeNanoseconds == expected)
    }

    @Test(arguments: [Int64.max, .min])
    func `nanoseconds are kept within 64 bits also where the seconds are not`(_ bound: Int64) {
        let time = Duration.seconds(bound) * 2
        #expect(time.wholeNanoseconds == bound)
        #expect(time.wholeMilliseconds == (bound < 0 ? 0 : 2_000_000_000))
    }

    @Test func `a deadline as far away as can be said is far away, on either side`() {
        #expect(Deadline.after(.milliseconds(9_223_372_036_900)).left > .seconds(1_000_000))
        #expect(Deadline.after(.milliseconds(-9_223_372_036_900)).left < .seconds(-1_000_000))
    }
}
