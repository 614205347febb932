import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP

/// Which server of a cluster has which slots, as one of them has said.
struct SlotMap: Sendable, Hashable {
    /// Slots that one primary has, with its replicas.
    struct Range: Sendable, Hashable {
        let slots: ClosedRange<Int>
        let primary: Endpoint
        let replicas: [Endpoint]
    }

    /// In the order of their slots.
    private(set) var ranges: [Range]
    /// Single slots that a server has said live elsewhere since.
    private var moved: [HashSlot: Endpoint] = [:]

    /// Reads the reply to CLUSTER SLOTS, which every version has, from the server at `asked`; nil of what is none, and
    /// of one without slots.
    init?(_ reply: RESPValue, from asked: Endpoint) {
        guard let rows = reply.withoutAttributes.elements else { return nil }
        var ranges: [Range] = []
        for row in rows {
            guard let parts = row.elements, parts.count >= 3, case .integer(let first) = parts[0],
                case .integer(let last) = parts[1], first <= last, HashSlot(Int(first)) != nil,
                HashSlot(Int(last)) != nil
            else { return nil }
            guard let primary = Self.endpoint(parts[2], from: asked) else { continue }
            let replicas = parts.dropFirst(3).compactMap { Self.endpoint($0, from: asked) }
            ranges.append(Range(slots: Int(first)...Int(last), primary: primary, replicas: replicas))
        }
        guard !ranges.isEmpty else { return nil }
        self.ranges = ranges.sorted { $0.slots.lowerBound < $1.slots.lowerBound }
    }

    /// A server as host, port, identifier and what else is known of it. No host, or an empty one, is that of the server
    /// that was asked; `?` is unknown, and the address then stands in what else is known.
    private static func endpoint(_ server: RESPValue, from asked: Endpoint) -> Endpoint? {
        guard let parts = server.elements, parts.count >= 2, case .integer(let port) = parts[1],
            (1...65_535).contains(port)
        else { return nil }
        var host = parts[0].bytes.map { String(decoding: $0, as: UTF8.self) } ?? ""
        if host == "?" {
            guard parts.count >= 4, let known = address(in: parts[3]) else { return nil }
            host = known
        }
        return .tcp(host: host.isEmpty ? asked.address : host, port: Int(port))
    }

    private static func address(in metadata: RESPValue) -> String? {
        let words = metadata.elements?.map { $0.bytes.map { String(decoding: $0, as: UTF8.self) } ?? "" } ?? []
        guard let index = words.firstIndex(of: "ip"), index + 1 < words.count, !words[index + 1].isEmpty else {
            return nil
        }
        return words[index + 1]
    }

    /// The servers with slots, each once, in the order of their first slots.
    var primaries: [Endpoint] {
        var primaries: [Endpoint] = []
        for range in ranges where !primaries.contains(range.primary) { primaries.append(range.primary) }
        return primaries
    }

    /// Every server of the map.
    var servers: Set<Endpoint> {
        Set(ranges.flatMap { [$0.primary] + $0.replicas } + moved.values)
    }

    /// Every replica.
    var replicas: [Endpoint] { Array(Set(ranges.flatMap(\.replicas))) }

    /// The replicas of the primary that has these slots; none where several have, or one has moved since the map came.
    func replicas(of slots: [HashSlot]) -> [Endpoint] {
        var found: Range?
        for slot in slots {
            guard moved[slot] == nil, let range = range(of: slot), found?.primary ?? range.primary == range.primary
            else { return [] }
            found = range
        }
        return found?.replicas ?? []
    }

    /// The server of a slot; nil where nobody has it.
    func primary(of slot: HashSlot) -> Endpoint? { moved[slot] ?? range(of: slot)?.primary }

    private func range(of slot: HashSlot) -> Range? {
        // The last range that begins at the slot or before it.
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].slots.lowerBound <= slot.number { low = middle + 1 } else { high = middle }
        }
        guard low > 0, ranges[low - 1].slots.contains(slot.number) else { return nil }
        return ranges[low - 1]
    }

    /// A server has said where a slot lives now.
    mutating func move(_ slot: HashSlot, to endpoint: Endpoint) {
        if primary(of: slot) != endpoint { moved[slot] = endpoint }
    }
}
