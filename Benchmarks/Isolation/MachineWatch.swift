import BulkheadBenchmarkSupport

/// Tells how much of the cores' time others had while a case was measured.
struct MachineWatch: Sendable {
    /// Those of the servers and of this program; nil for all of the machine.
    let cores: [Int]?
    /// Our own servers, by their processes; nil where they are not ours, and then only what was stolen can be told.
    let servers: [Int]?

    struct Reading {
        fileprivate let machine: MachineTime
        fileprivate let own: Double?
        fileprivate let instant: Int64
    }

    /// Nil where the system does not tell.
    func read() -> Reading? {
        guard let machine = MachineTime.now(cores: cores) else { return nil }
        let own = servers.flatMap { MachineTime.used(by: $0) }.map { $0 + ProcessorTime.now().total }
        return Reading(machine: machine, own: own, instant: MonotonicClock.now())
    }

    func load(since begin: Reading?) -> MachineLoad? {
        guard let begin, let end = read() else { return nil }
        let own = begin.own.flatMap { before in end.own.map { $0 - before } }
        return MachineLoad(
            from: begin.machine, to: end.machine, seconds: Double(end.instant - begin.instant) / 1e9, own: own)
    }
}
