import Bulkhead
import BulkheadRESP

/// Which keys of its source a migration takes.
enum MigratedKeys: Sendable {
    case all
    /// Those that fit one of these.
    case patterns([KeyPattern])
    /// Those that fit no pattern of their own database, and one of another; nil is any other.
    case misplaced(Placement, DatabaseName?)

    /// What SCAN can leave out by itself: all but one pattern's keys. Of several the names come here.
    var match: String? {
        if case .patterns(let patterns) = self, patterns.count == 1 { return patterns[0].text }
        return nil
    }

    var isAll: Bool {
        if case .all = self { return true }
        return false
    }

    /// Whether each key goes to the database whose pattern it fits.
    var isMisplaced: Bool {
        if case .misplaced = self { return true }
        return false
    }

    /// Whether it takes a key that SCAN has found by ``match``.
    func takes(_ key: RESPBytes) -> Bool {
        switch self {
        case .all: return true
        case .patterns(let patterns): return patterns.count == 1 || patterns.contains { $0.matches(key) }
        case .misplaced(let placement, let wanted):
            guard let owner = placement.owner(of: Array(key)) else { return false }
            return wanted == nil || wanted == owner
        }
    }

    /// The bytes that the name of such a key may begin with: permissions may hang on them.
    var beginning: [UInt8] {
        switch self {
        case .all: []
        case .patterns(let patterns): patterns.first?.literalPrefix ?? []
        case .misplaced(let placement, let wanted):
            placement.claims.first { wanted == nil || $0.owner == wanted }?.pattern.literalPrefix ?? []
        }
    }

    /// As messages call it; nil if it takes every key.
    var words: String? {
        switch self {
        case .all: nil
        case .patterns(let patterns): patterns.map(\.text).joined(separator: " or ")
        case .misplaced: "the patterns of other databases"
        }
    }
}
