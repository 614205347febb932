import Bulkhead
import BulkheadConsole

/// Other clients that have selected a database, by their names or addresses and how many; the most first.
struct DatabaseClients: Sendable {
    let all: [(client: String, count: Int)]

    /// The name of this process's own connections, of which it may have several. No other process has it.
    static let ownName = "bulkhead-tools-" + String(UInt32.random(in: 0x1000_0000...UInt32.max), radix: 16)

    /// Nil where CLIENT LIST is denied. Of a cluster the connections to all primaries.
    init?(of database: RedisDatabase, number: Int) async {
        guard let parts = try? await database.parts() else { return nil }
        var counts: [String: Int] = [:]
        for part in parts {
            guard let list = try? await part.send("CLIENT", "LIST", as: String.self),
                let own = try? await part.send("CLIENT", "ID", as: Int.self)
            else { return nil }
            for (client, count) in Self.clients(in: list, selecting: number, butNot: own) {
                counts[client, default: 0] += count
            }
        }
        all = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, $0.value) }
    }

    /// A line for people about the clients of a number.
    static func line(_ clients: [(client: String, count: Int)]?, _ what: String) -> String {
        switch clients {
        case nil: return "Who else uses \(what) is not known: CLIENT LIST is denied."
        case let clients? where clients.isEmpty: return "No other client has selected \(what)."
        case let clients?:
            let list = clients.map { "\(ShownBytes($0.client.utf8).description) (\(Units.grouped($0.count)))" }
            return "Other clients that have selected \(what): \(list.joined(separator: ", "))."
        }
    }

    /// The clients of CLIENT LIST's lines that have selected `number`, without the connections of this process.
    static func clients(in list: String, selecting number: Int, butNot own: Int) -> [(client: String, count: Int)] {
        var counts: [String: Int] = [:]
        for line in list.split(whereSeparator: \.isNewline) {
            var fields: [Substring: Substring] = [:]
            for word in line.split(separator: " ") {
                guard let sign = word.firstIndex(of: "=") else { continue }
                fields[word[..<sign]] = word[word.index(after: sign)...]
            }
            let name = fields["name"] ?? ""
            guard fields["db"] == "\(number)", fields["id"] != "\(own)", name != ownName else { continue }
            // The port of an address changes with each connection.
            let host = (fields["addr"] ?? "").prefix { $0 != ":" }
            counts[name.isEmpty ? "unnamed from \(host)" : String(name), default: 0] += 1
        }
        return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, $0.value) }
    }
}
