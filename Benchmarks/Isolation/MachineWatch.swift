import BulkheadBenchmarkSupport

/// Tells how much of the servers' cores others had while a case was measured. The cores of this program need no
/// counting: the canary sleeps there.
struct MachineWatch: Sendable {
    /// Those of the servers and of this program, whose stolen time counts; nil for all of the machine.
    let cores: [Int]?
    /// Those of the servers; nil for all.
    let serverCores: [Int]?
    /// Our own servers, by their processes; nil where they are not ours, and then only what was stolen can be told.
    let servers: [Int]?
    /// Whether this program may run on the servers' cores.
    let isBesideServers: Bool

    struct Reading {
        fileprivate let machine: MachineTime
        fileprivate let own: Double?
        fileprivate let instant: Int64
    }

    /// Nil where the system does not say.
    func read() -> Reading? {
        guard let machine = MachineTime.now(cores: serverCores) else { return nil }
        let program = isBesideServers ? ProcessorTime.now().total : 0
        let own = servers.flatMap { MachineTime.used(by: $0) }.map { $0 + program }
        return Reading(machine: machine, own: own, instant: MonotonicClock.now())
    }

    func load(since begin: Reading?) -> MachineLoad? {
        guard let begin, let end = read() else { return nil }
        let own = begin.own.flatMap { before in end.own.map { $0 - before } }
        return MachineLoad(
            from: begin.machine, to: end.machine, seconds: Double(end.instant - begin.instant) / 1e9, own: own)
    }
}
