import Bulkhead
import BulkheadConsole

/// The outcome of `bulkhead vectors`, as JSON and as text. No vector and no attribute stands in it.
struct VectorsDocument: Encodable {
    struct Dimension: Encodable {
        let dimension: Int
        let count: Int
    }

    let from: String
    let into: String
    let key: ShownBytes
    let isDry: Bool
    private(set) var hashes = 0
    private(set) var dimensions: [Dimension] = []
    var dimension: Int?
    private(set) var added = 0
    private(set) var updated = 0
    private(set) var skipped = 0
    var elements = 0
    var refusal: String?

    private enum CodingKeys: String, CodingKey {
        case from, into, key, hashes, dimensions, dimension, added, updated, skipped, elements, refusal
        case isDry = "dry_run"
    }

    init(_ conversion: VectorConversion, isDry: Bool) {
        from = conversion.source.name.text
        into = conversion.target.name.text
        key = ShownBytes(conversion.key.utf8)
        self.isDry = isDry
    }

    mutating func take(_ survey: VectorSurvey) {
        hashes = survey.hashes
        skipped = survey.skipped
        dimensions = survey.found.map { Dimension(dimension: $0.dimension, count: $0.count) }
    }

    mutating func take(_ counts: VectorCounts) {
        (added, updated, skipped) = (counts.added, counts.updated, counts.skipped)
    }

    func text(on screen: Screen) -> String {
        var lines = ["\(from) has \(Units.counted(hashes, "hash", "hashes")) that fit."]
        for found in dimensions.prefix(10) {
            lines.append("  \(Units.counted(found.count, "vector")) of \(found.dimension) numbers")
        }
        if dimensions.count > 10 { lines.append("  and \(dimensions.count - 10) other dimensions") }
        if let refusal {
            lines.append("Nothing was written: \(refusal).")
        } else if isDry {
            let count = dimensions.first { $0.dimension == dimension }?.count ?? 0
            lines.append(
                "Nothing was written. Without --dry-run up to \(Units.counted(count, "element")) would go into the "
                    + "vector set \(key) of \(into), which has \(Units.grouped(elements)) now.")
        } else {
            lines.append(
                "The vector set \(key) of \(into) has \(Units.counted(elements, "element")): "
                    + "\(Units.grouped(added)) added, \(Units.grouped(updated)) written again, "
                    + "\(Units.counted(skipped, "hash", "hashes")) skipped.")
        }
        return lines.joined(separator: "\n").paragraphs(on: screen)
    }
}
