import BulkheadRESP

/// Which primary has which slots, as a server of a cluster says: only whether that is as it was before matters.
struct SlotMarks: Sendable, Hashable {
    private struct Row: Sendable, Hashable {
        let first: Int64
        let last: Int64
        let primary: RESPBytes
    }

    private var rows: Set<Row> = []

    /// From the reply to `CLUSTER SLOTS`; nil if that is something else. A primary is known by its identifier, which
    /// stays the same where its address changes.
    init?(_ reply: RESPValue) {
        guard let elements = reply.withoutAttributes.elements else { return nil }
        for row in elements {
            guard let parts = row.elements, parts.count >= 3, case .integer(let first) = parts[0],
                case .integer(let last) = parts[1], let server = parts[2].elements, server.count >= 3,
                let primary = server[2].bytes
            else { return nil }
            rows.insert(Row(first: first, last: last, primary: primary.detached()))
        }
    }
}
