/// One measurement of redis-benchmark, as it prints it with `--csv --precision 3` (Redis 6.2 or newer, Valkey).
package struct RedisBenchmarkLine: Sendable, Equatable {
    package let requestsPerSecond: Double
    /// Microseconds from a request to its reply; of a whole pipeline where there is one.
    package let p50: Double

    /// redis-benchmark counts latencies below 16 ms in steps of 8 µs and prints the last microsecond of a step.
    package static let step = 8.0

    /// The middle of the step that holds half of the latencies, in microseconds: what it printed is up to 7 µs too
    /// much, which would flatter whatever stands beside it.
    package var middleOfP50: Double { max(0, p50 - (Self.step - 1) / 2) }

    /// Reads what the program printed, progress and warnings between its lines too.
    ///
    /// - Parameter test: the name in the first column, such as `GET`.
    package init(csv: String, test: String) throws(ProgramError) {
        let lines = csv.split(whereSeparator: \.isNewline).map { Self.cells(of: $0) }
        guard let titles = lines.first(where: { $0.first == "test" }) else {
            throw ProgramError("redis-benchmark printed no titles: is it older than Redis 6.2?")
        }
        guard let cells = lines.first(where: { $0.first == test && $0.count == titles.count }) else {
            throw ProgramError("redis-benchmark printed no line for \(test)")
        }
        func number(_ title: String) throws(ProgramError) -> Double {
            guard let index = titles.firstIndex(of: title), let number = Double(cells[index]), number.isFinite,
                number > 0
            else { throw ProgramError("redis-benchmark printed no usable \(title) for \(test)") }
            return number
        }
        requestsPerSecond = try number("rps")
        p50 = try number("p50_latency_ms") * 1_000
    }

    /// The cells of a line, whose texts hold neither quotes nor commas.
    private static func cells(of line: Substring) -> [String] {
        line.split(separator: ",", omittingEmptySubsequences: false).map { cell in
            String(cell.hasPrefix("\"") && cell.hasSuffix("\"") && cell.count > 1 ? cell.dropFirst().dropLast() : cell)
        }
    }
}
