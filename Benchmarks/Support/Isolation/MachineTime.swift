#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What the cores of this machine did until now, as Linux counts it in hundredths of a second.
///
/// Two readings tell how much of their time others had: what a hypervisor stole, and what programs took that are not
/// of the measurement. Other systems do not say.
package struct MachineTime: Sendable, Equatable {
    /// All that the cores did but wait, and what was stolen from them, in seconds.
    package let busy: Double
    package let stolen: Double
    package let cores: Int

    private static let ticksPerSecond = 100.0

    /// Reads the lines of these cores in /proc/stat; those of all cores if none of these is there, or nil.
    package init?(stat: some StringProtocol, cores wanted: [Int]?) {
        // cpu0 user nice system idle iowait irq softirq steal guest guest_nice
        let lines = stat.split(separator: "\n").prefix { $0.hasPrefix("cpu") }.map { $0.split(separator: " ") }
        let all = lines.dropFirst().filter { $0.count > 8 }
        let names = Set((wanted ?? []).map { "cpu\($0)" })
        let named = all.filter { names.contains(String($0[0])) }
        let chosen = named.isEmpty ? Array(all) : named
        guard !chosen.isEmpty else { return nil }
        var (busy, stolen) = (0.0, 0.0)
        for core in chosen {
            let numbers = core.dropFirst().compactMap { Double($0) }
            guard numbers.count >= 8 else { return nil }
            busy += numbers[0] + numbers[1] + numbers[2] + numbers[5] + numbers[6]
            stolen += numbers[7]
        }
        self.busy = busy / Self.ticksPerSecond
        self.stolen = stolen / Self.ticksPerSecond
        self.cores = chosen.count
    }

    /// Now; nil where the system does not say.
    package static func now(cores: [Int]?) -> MachineTime? {
        read("/proc/stat").flatMap { MachineTime(stat: $0, cores: cores) }
    }

    /// Seconds of all cores that processes of this machine have used, with children that have ended.
    package static func used(by processes: [Int]) -> Double? {
        var sum = 0.0
        for process in processes {
            // 42 (redis-server) S …: the name may hold anything but its last bracket ends it.
            guard let line = read("/proc/\(process)/stat"),
                let fields = line.split(separator: ")").last?.split(separator: " "), fields.count > 14
            else { return nil }
            sum += fields[11...14].compactMap { Double($0) }.reduce(0, +)
        }
        return sum / ticksPerSecond
    }

    /// The beginning of a file of the kernel: the lines of some hundred cores.
    private static func read(_ path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 16_384)
        let count = fread(&bytes, 1, bytes.count, file)
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }
}

/// How much of the servers' cores others had while something was measured, each as a share from 0 to 1.
package struct MachineLoad: Sendable, Equatable, Encodable {
    /// By a hypervisor.
    package let stolen: Double
    /// By programs that are not of the measurement; nil where they cannot be distinguished.
    package let others: Double?

    package init(stolen: Double, others: Double?) {
        self.stolen = stolen
        self.others = others
    }

    /// From two readings so many seconds apart, and what the measurement itself used between them.
    package init(from: MachineTime, to: MachineTime, seconds: Double, own: Double?) {
        let all = max(seconds * Double(to.cores), 1e-9)
        func share(_ time: Double) -> Double { min(1, max(0, time / all)) }
        stolen = share(to.stolen - from.stolen)
        others = own.map { share(to.busy - from.busy - $0) }
    }

    package var taken: Double { min(1, stolen + (others ?? 0)) }
}
