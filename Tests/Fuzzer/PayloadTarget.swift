import BulkheadBenchmarkSupport
import BulkheadRDB
import BulkheadRDBBodies

/// The reader of DUMP payloads promises: it never traps; what it accepts is written again byte for byte; and what it
/// makes for a server, that server's version takes.
enum PayloadTarget {
    private static let servers = [
        RDBVersion(.redis, 9), RDBVersion(.redis, 10), RDBVersion(.redis, 12), RDBVersion(.redis, 15),
        RDBVersion(.valkey, 11),
        RDBVersion(.valkey, 80),
    ]

    static func make(_ random: inout SeededGenerator) -> [UInt8] {
        var bytes = valid(&random)
        if random.once(in: 3) {
            for _ in 0...random.below(3) {
                Mutation.apply(to: &bytes, alphabet: ValueTarget.alphabet, &random, other: valid)
            }
        }
        return bytes
    }

    private static func valid(_ random: inout SeededGenerator) -> [UInt8] {
        let input = ValueTarget.make(&random)
        let number = random.pick([8, 9, 10, 11, 12, 13, 79, 80, 81, 0, 65_535])
        return DumpPayload(
            type: RDBType(rawValue: input.first ?? 0), body: input.dropFirst(2), version: RDBVersion(ofDump: number)
        ).bytes
    }

    static func check(_ input: Input) -> Verdict {
        let payload: DumpPayload
        do {
            payload = try DumpPayload(input.bytes)
        } catch {
            return (0...input.bytes.count).contains(error.offset)
                ? .held(error.kind.name) : .broken("a violation at byte \(error.offset) of \(input.bytes.count)")
        }
        if payload.bytes != input.bytes { return .broken("a payload is written otherwise than it was read") }
        for server in servers {
            guard let lowered = try? payload.forServer(server) else { continue }
            guard lowered.version.canBeRestored(on: server), lowered.body == payload.body,
                (try? DumpPayload(lowered.bytes)) == lowered
            else { return .broken("what is made for \(server) is not for it") }
        }
        do {
            let value = try payload.value(limits: RDBValueLimits(valueBytes: 16 << 20))
            return .held("accepted \(ValueTarget.kind(of: value))")
        } catch {
            return (1...input.bytes.count).contains(error.offset)
                ? .held("accepted, \(error.kind.name) inside")
                : .broken("a violation of the body at byte \(error.offset) of \(input.bytes.count)")
        }
    }
}
