import BenchmarkSupport

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What came out, by the names of its JSON members.
struct Report: Encodable {
    var lib = "bulkhead"
    let op: String
    let mode: String
    let clients: Int
    let pipeline: Int
    let requests: Int
    let seconds: Double
    let rps: Double
    /// Microseconds from a call to its reply; of a whole pipeline where there is one.
    let p50_us: Double
    let p99_us: Double
    let p999_us: Double
    let client_cpu_user_s: Double
    let client_cpu_sys_s: Double

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    var words: String {
        let cpu = (client_cpu_user_s + client_cpu_sys_s) * 1e6 / Double(requests)
        return """
            \(op), \(mode), \(clients) clients, pipeline \(pipeline): \(Units.count(Int(rps))) commands a second
            p50 \(Units.decimal(p50_us, places: 1)) µs, p99 \(Units.decimal(p99_us, places: 1)) µs, \
            p99.9 \(Units.decimal(p999_us, places: 1)) µs; \(Units.decimal(cpu, places: 2)) µs of CPU a command
            """
    }
}
