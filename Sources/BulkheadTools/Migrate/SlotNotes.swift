import Bulkhead
import BulkheadRDB
import BulkheadRESP

/// Where a migration keeps its notes if a side is a cluster: a hash in each slot that it works in, in both databases.
///
/// A script or a transaction of a cluster is of one slot, so the notes about a key lie in the key's slot. A single
/// server on the other side keeps them in the same way.
///
/// | Field | Where | Says |
/// |---|---|---|
/// | `owner` | both | the run that may work here; every step of another one is refused |
/// | `process` | both | the name of a server process, as below |
/// | `since` | both | the run that made the hash: what an older one has noted there is lost |
/// | `n` and a name | target | what was copied there, as in ``HandoverNotes``; written with the copy |
/// | `d` and a key | source | which note's key was deleted; written with the deletion |
///
/// A note without its mark is of a key that was copied and not deleted. Once a key is settled both are removed.
///
/// A second key beside each hash has the `owner` too. It is named after the process of a single server, so a claim is
/// found whatever the address is written like; the other fields are found by the address that was given alone.
///
/// A cluster is called by the lowest identifier of its servers (``ClusterFacts/id``). There is none that outlives all
/// changes of a cluster, so its servers must stay the same between a killed run and the one that resumes it.
struct SlotNotes: Sendable {
    /// By the addresses that were given, and by processes if a side has one.
    private let identities: [String]

    init(_ plan: MigrationPlan, from source: MigrationPlace, to target: MigrationPlace) {
        let (from, to) = (plan.from.number, plan.to.number)
        let given = HandoverNotes.identity(source.address, from, target.address, to)
        let process = HandoverNotes.identity(source.process, from, target.process, to)
        let isKnown = !source.process.isEmpty && !target.process.isEmpty && process != given
        identities = isKnown ? [given, process] : [given]
    }

    /// For a look at what is allowed, beside all others.
    init(probe: UInt64) { identities = ["probe-\(String(probe, radix: 16))"] }

    /// The notes of a slot: the hash, and the key of the process.
    func keys(of slot: HashSlot) -> [RESPBytes] {
        identities.enumerated().map { index, identity in
            RESPBytes(HandoverNotes.prefix + Array("{\(Self.tag(of: slot))}:\(identity)".utf8) + Self.endings[index])
        }
    }

    /// The key of a process in a slot, by the name in the field `process`.
    func key(of slot: HashSlot, process: RESPBytes) -> RESPBytes {
        RESPBytes(HandoverNotes.prefix + Array("{\(Self.tag(of: slot))}:".utf8) + process + Self.endings[1])
    }

    var process: String { identities.count > 1 ? identities[1] : "" }

    /// In the source: who owns the whole migration (``SourceClaim``). Their slot is that of the chain of runs.
    var runKeys: [RESPBytes] {
        identities.map { identity in
            RESPBytes(HandoverNotes.prefix + Array("{".utf8) + MigrationFence.chain + Array("}:\(identity):run".utf8))
        }
    }

    private static let endings = [[UInt8](), Array(":process".utf8)]

    static func noteField(_ name: RESPBytes) -> [UInt8] { [UInt8(ascii: "n")] + name }
    static func markField(_ key: RESPBytes) -> [UInt8] { [UInt8(ascii: "d")] + key }
    static func isNote(_ field: RESPBytes) -> Bool { field.first == UInt8(ascii: "n") }

    // MARK: Tags

    /// A short tag whose slot it is.
    static func tag(of slot: HashSlot) -> String { String(decoding: tags[slot.number], as: UTF8.self) }

    /// Three characters for each slot. The checksum is linear: that of `abc` is that of `a`, `b` and `c` in their
    /// places, combined by exclusive or.
    private static let tags: [[UInt8]] = {
        let letters = Array("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_".utf8)
        let first = letters.map { HashSlot(ofKey: [$0, 0, 0]).number }
        let second = letters.map { HashSlot(ofKey: [0, $0, 0]).number }
        let third = letters.map { HashSlot(ofKey: [0, 0, $0]).number }
        var tags = [[UInt8]](repeating: [], count: HashSlot.count)
        var count = 0
        // A few first letters are enough.
        for (a, one) in first.enumerated() where count < HashSlot.count {
            for (b, two) in second.enumerated() {
                for (c, three) in third.enumerated() where tags[one ^ two ^ three].isEmpty {
                    tags[one ^ two ^ three] = [letters[a], letters[b], letters[c]]
                    count += 1
                }
            }
        }
        return tags
    }()
}

/// What a side of a migration is called in the names of notes.
struct MigrationPlace: Sendable, Hashable {
    /// The address as it was given; of a cluster its identity, which no address changes.
    let address: String
    /// The process of a server; of a cluster the same identity. Empty if it is not known.
    let process: String

    init(_ facts: ServerFacts, at address: String) {
        let cluster = facts.cluster?.id
        self.address = cluster ?? address
        process = cluster ?? facts.runID
    }
}
