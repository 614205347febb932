import Bulkhead
import BulkheadConsole

/// What a walk over hashes has found of their vectors, and whether a vector set can be made of them; no I/O.
struct VectorSurvey: Sendable, Hashable {
    /// Vectors by their dimension, as the length of the field says.
    private(set) var dimensions: [Int: Int] = [:]
    /// Hashes without the field, or with one whose length is that of no vector.
    private(set) var skipped = 0

    var hashes: Int { skipped + dimensions.values.reduce(0, +) }

    /// Looks at a hash by the length of its field in bytes; 0 is none.
    mutating func take(fieldOf bytes: Int, numberOf size: Int) {
        if bytes > 0, bytes.isMultiple(of: size) {
            dimensions[bytes / size, default: 0] += 1
        } else {
            skipped += 1
        }
    }

    /// The dimension of the set: as asked for, else that of the set that is there, else the only one.
    func dimension(wanted: Int?, ofSet: Int?) -> Result<Int, VectorObstacle> {
        if let wanted, let ofSet, wanted != ofSet { return .failure(.otherSet(ofSet, wanted: wanted)) }
        if let known = wanted ?? ofSet {
            return (dimensions[known] ?? 0) > 0 ? .success(known) : .failure(.noneOf(known, found))
        }
        guard dimensions.count <= 1 else { return .failure(.several(found)) }
        guard let only = dimensions.keys.first else { return .failure(.none(hashes: hashes)) }
        return .success(only)
    }

    /// The dimensions, the most frequent first.
    var found: [(dimension: Int, count: Int)] {
        dimensions.map { (dimension: $0.key, count: $0.value) }
            .sorted { ($1.count, $0.dimension) < ($0.count, $1.dimension) }
    }
}

/// Why no vector set can be made.
struct VectorObstacle: Error, Sendable, Hashable {
    let words: String

    static func none(hashes: Int) -> VectorObstacle {
        VectorObstacle(
            words: hashes == 0
                ? "there is no hash"
                : "of \(Units.counted(hashes, "hash", "hashes")) none has a vector in that field: name it by --field"
        )
    }

    static func several(_ found: [(dimension: Int, count: Int)]) -> VectorObstacle {
        VectorObstacle(
            words:
                "the vectors have several dimensions, and those of a set have one: \(list(found)). Choose one by "
                + "--dimension, or narrow --pattern")
    }

    static func noneOf(_ dimension: Int, _ found: [(dimension: Int, count: Int)]) -> VectorObstacle {
        VectorObstacle(
            words: "no vector has the dimension \(dimension)"
                + (found.isEmpty ? "" : ": there are \(list(found))"))
    }

    static func otherSet(_ dimension: Int, wanted: Int) -> VectorObstacle {
        VectorObstacle(
            words: "the vector set that is there has the dimension \(dimension), and not \(wanted)")
    }

    private static func list(_ found: [(dimension: Int, count: Int)]) -> String {
        let shown = found.prefix(5).map { "\(Units.grouped($0.count)) of \($0.dimension)" }
        return shown.joined(separator: ", ") + (found.count > 5 ? " and others" : "")
    }
}
