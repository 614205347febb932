import BulkheadRESP
public import BulkheadTestServer
import Foundation

/// How the slots of a cluster move.
public enum SlotMove: String, CaseIterable, Sendable {
    /// By SETSLOT, and MIGRATE for each key: every cluster.
    case keyByKey
    /// By CLUSTER MIGRATESLOTS, all databases at once: Valkey 9.
    case atomic

    /// The ways that the server under test knows.
    public static var ofServer: [SlotMove] { ServerUnderTest.isAtLeast(valkey: 9, 0) ? allCases : [.keyByKey] }
}

extension RedisTestCluster {
    /// Moves slots from one primary to another, and returns when every server knows.
    ///
    /// - Parameter atHalf: runs when the keys of the first slot have arrived there, and no server has said so yet; key
    ///   by key only.
    public func move(
        _ slots: some Sequence<Int>, from source: RedisTestServer, to target: RedisTestServer,
        _ way: SlotMove = .keyByKey,
        atHalf: () throws -> Void = {}
    ) throws {
        let (giver, taker) = (try ServerConversation(with: source), try ServerConversation(with: target))
        let id = try taker.text("CLUSTER MYID")
        if way == .atomic {
            let ranges = slots.map { "SLOTSRANGE \($0) \($0) NODE \(id)" }.joined(separator: " ")
            _ = try giver.text("CLUSTER MIGRATESLOTS \(ranges)")
        } else {
            let giverID = try giver.text("CLUSTER MYID")
            for (index, slot) in slots.enumerated() {
                _ = try taker.text("CLUSTER SETSLOT \(slot) IMPORTING \(giverID)")
                _ = try giver.text("CLUSTER SETSLOT \(slot) MIGRATING \(id)")
                // The legacy way sees the selected database only, and takes a key to the one that it names.
                for database in 0..<options.databases {
                    if options.databases > 1 { _ = try giver.text("SELECT \(database)") }
                    while let keys = try giver.ask("CLUSTER GETKEYSINSLOT \(slot) 20").elements, !keys.isEmpty {
                        let names = keys.map { String(decoding: $0.bytes ?? RESPBytes(), as: UTF8.self) }
                        _ = try giver.text(
                            "MIGRATE 127.0.0.1 \(target.port ?? 0) \"\" \(database) 60000 KEYS "
                                + names.joined(separator: " "))
                    }
                }
                if index == 0 { try atHalf() }
                for server in [target, source] + primaries.filter({ $0 !== target && $0 !== source }) {
                    // One that has gone takes part in no move.
                    _ = try? ServerConversation(with: server).text("CLUSTER SETSLOT \(slot) NODE \(id)")
                }
            }
        }
        let last = Array(slots)
        while try last.contains(where: { try ServerConversation(with: source).ownerOf($0) != target.port }) {
            usleep(5_000)
        }
    }
}

extension ServerConversation {
    /// The port of the primary that this server says has the slot; nil where it knows none.
    public func ownerOf(_ slot: Int) throws -> Int? {
        for row in try ask("CLUSTER SLOTS").elements ?? [] {
            guard let parts = row.elements, parts.count >= 3, case .integer(let first) = parts[0],
                case .integer(let last) = parts[1], (first...last).contains(Int64(slot)),
                let server = parts[2].elements, server.count >= 2, case .integer(let port) = server[1]
            else { continue }
            return Int(port)
        }
        return nil
    }
}
