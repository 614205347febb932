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
    /// Moves slots from one primary to another, and returns when every primary knows.
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
                // The taker claims the slot by an epoch above all that it knows. If it did not know the giver's yet,
                // the giver's last claim would take the slot back, and each would name the other from then on.
                try waitUntilEpochsAreKnown()
                for server in [target, source] + primaries.filter({ $0 !== target && $0 !== source }) {
                    // One that has gone takes part in no move.
                    _ = try? ServerConversation(with: server).text("CLUSTER SETSLOT \(slot) NODE \(id)")
                }
            }
        }
        let moved = Array(slots)
        for server in living {
            let talk = try ServerConversation(with: server)
            try wait("all know where the slots are") {
                try moved.allSatisfy { try talk.ownerOf($0) == target.port }
            }
        }
        try waitUntilEpochsAreKnown()
    }

    /// The primaries of the start that still run.
    private var living: [RedisTestServer] {
        primaries.filter { (try? ServerConversation(with: $0).text("PING")) != nil }
    }

    /// Returns when all primaries know the same epoch of each primary, and no two have the same.
    private func waitUntilEpochsAreKnown() throws {
        let talks = try living.map { try ServerConversation(with: $0) }
        try wait("all know each other's epochs") {
            let views = try talks.map { try $0.epochs() }
            return views.allSatisfy { $0 == views.first && Set($0.values).count == $0.count }
        }
    }

    private func wait(_ what: String, _ isTrue: () throws -> Bool) throws {
        let end = ContinuousClock.now + .seconds(120)
        while try !isTrue() {
            guard .now < end else { throw WrongAnswer("a move of slots waited in vain until \(what)") }
            usleep(5_000)
        }
    }
}

extension ServerConversation {
    /// The configuration epochs that this server knows of the primaries, by their identifiers.
    fileprivate func epochs() throws -> [String: Int] {
        var epochs: [String: Int] = [:]
        for line in try text("CLUSTER NODES").split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count >= 8, words[2].contains("master") else { continue }
            epochs[String(words[0])] = Int(words[6])
        }
        return epochs
    }

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
