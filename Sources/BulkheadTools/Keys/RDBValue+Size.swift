import BulkheadRDB

extension RDBValue {
    /// Bytes of all it holds, which is the least that a server needs for it.
    var contentBytes: Int {
        switch self {
        case .string(let bytes): bytes.count
        case .list(let elements), .set(let elements): elements.reduce(0) { $0 + $1.count }
        case .sortedSet(let members): members.reduce(0) { $0 + $1.member.count + Self.scoreBytes }
        case .hash(let fields): fields.reduce(0) { $0 + $1.name.count + $1.value.count }
        case .stream(let stream):
            stream.entries.reduce(0) { sum, entry in
                sum + entry.fields.reduce(0) { $0 + $1.name.count + $1.value.count }
            }
        case .vectorSet(let set):
            set.elements.reduce(0) { $0 + $1.name.count + $1.vector.count + $1.attributes.count }
        case .array(let array): array.elements.reduce(0) { $0 + $1.bytes.count }
        // What a module makes of its bytes nobody else knows.
        case .module: 0
        }
    }

    private static let scoreBytes = 8
}
