/// What `throughput` measured, by the names of its JSON members.
package struct ThroughputReport: Codable, Sendable, Equatable {
    package var lib = "bulkhead"
    package var op: String
    /// `async`, `blocking` or `receive`, which is a bare socket.
    package var mode: String
    package var clients: Int
    package var pipeline: Int
    /// Commands that were sent; what warmed up before is not among them, nor in anything below.
    package var requests: Int
    package var seconds: Double
    package var rps: Double
    /// Microseconds from a call to its reply; of a whole pipeline where there is one.
    package var p50_us: Double
    package var p99_us: Double
    package var p999_us: Double
    /// Processor time of the whole program during the measurement.
    package var client_cpu_user_s: Double
    package var client_cpu_sys_s: Double
    /// Calls of malloc and its kin that one command more costs; nil where they were not counted.
    package var allocations_per_command: Double?

    package init(
        op: String, mode: String, clients: Int, pipeline: Int, requests: Int, seconds: Double,
        latencies: LatencyHistogram, processorTime: ProcessorTime, allocationsPerCommand: Double? = nil
    ) {
        func microseconds(_ percentile: Double) -> Double { Double(latencies.percentile(percentile) ?? 0) / 1e3 }
        self.op = op
        self.mode = mode
        self.clients = clients
        self.pipeline = pipeline
        self.requests = requests
        self.seconds = seconds
        rps = Double(requests) / seconds
        p50_us = microseconds(50)
        p99_us = microseconds(99)
        p999_us = microseconds(99.9)
        client_cpu_user_s = processorTime.user
        client_cpu_sys_s = processorTime.system
        allocations_per_command = allocationsPerCommand
    }

    /// Microseconds of processor time that one command costs this program.
    package var processorMicrosecondsPerCommand: Double {
        (client_cpu_user_s + client_cpu_sys_s) * 1e6 / Double(requests)
    }

    /// The same for people.
    package var words: String {
        let allocations = allocations_per_command.map { ", \(Units.decimal($0, places: 2)) allocations" } ?? ""
        return """
            \(op), \(mode), \(clients) clients, pipeline \(pipeline): \(Units.count(Int(rps))) commands a second
            p50 \(Units.decimal(p50_us, places: 1)) µs, p99 \(Units.decimal(p99_us, places: 1)) µs, \
            p99.9 \(Units.decimal(p999_us, places: 1)) µs; \
            \(Units.decimal(processorMicrosecondsPerCommand, places: 2)) µs of CPU a command\(allocations)
            """
    }
}
