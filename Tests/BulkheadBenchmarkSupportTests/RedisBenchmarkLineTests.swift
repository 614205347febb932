import Testing

@testable import BulkheadBenchmarkSupport

@Suite struct RedisBenchmarkLineTests {
    /// As redis-benchmark 7.0.15 prints it for `-t get -c 50 --csv --precision 3`.
    static let titles =
        #""test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","#
        + #""p99_latency_ms","max_latency_ms""#
    static let get = #""GET","68259.38","0.446","0.112","0.335","1.007","2.311","5.759""#

    static let fewColumns = "\"test\",\"p50_latency_ms\",\"rps\"\n\"GET\",\"0.055\",\"9\""

    @Test func `rate and median are read by the names of their columns`() throws {
        let line = try RedisBenchmarkLine(csv: "\(Self.titles)\n\(Self.get)\n", test: "GET")
        #expect(line.requestsPerSecond == 68_259.38)
        #expect(line.p50 == 335)
        let turned = try RedisBenchmarkLine(csv: Self.fewColumns, test: "GET")
        #expect(turned.requestsPerSecond == 9 && turned.p50 == 55)
    }

    @Test func `the line of another test is not taken, nor what stands before and after`() throws {
        let set = Self.get.replacing("GET", with: "SET").replacing("68259.38", with: "1.00")
        let text = "WARNING: no CONFIG\r\n\(Self.titles)\r\n\(set)\r\n\(Self.get)\r\n\r\n"
        #expect(try RedisBenchmarkLine(csv: text, test: "GET").requestsPerSecond == 68_259.38)
        #expect(try RedisBenchmarkLine(csv: text, test: "SET").requestsPerSecond == 1)
    }

    @Test func `the middle of a step of 8 µs stands for what was counted in it`() throws {
        // 0.055 ms is the end of 48 ..< 56.
        let line = try RedisBenchmarkLine(csv: Self.fewColumns, test: "GET")
        #expect(line.middleOfP50 == 51.5)
    }

    @Test(arguments: [
        ("", "no titles"),
        (get, "no titles"),
        (titles, "no line for GET"),
        ("\(titles)\n\"GET\",\"68259.38\"", "no line for GET"),
        ("\(titles)\n\(get.replacing("68259.38", with: "inf"))", "no usable rps"),
        ("\(titles)\n\(get.replacing("0.335", with: ""))", "no usable p50_latency_ms"),
        ("\"test\",\"rps\"\n\"GET\",\"1\"", "no usable p50_latency_ms"),
    ])
    func `a print without the numbers is an error that says what is missing`(text: String, reason: String) {
        let error = #expect(throws: ProgramError.self) { try RedisBenchmarkLine(csv: text, test: "GET") }
        #expect(error?.description.contains(reason) == true)
    }
}
