/// The words `; did you mean …?` with the nearest of `known`; empty if none is near.
package func suggestion(for typed: String, among known: [String]) -> String {
    let near = known.map { (word: $0, distance: distance(typed, $0)) }.min { $0.distance < $1.distance }
    // Of a word that has little in common with it nobody thought.
    guard let near, near.distance <= max(1, min(typed.count, near.word.count) / 2) else { return "" }
    return "; did you mean \(near.word)?"
}

/// The edit distance, whatever the case; of a word that was only begun, or has a dash too few, hardly any.
private func distance(_ typed: String, _ known: String) -> Int {
    let (typed, known) = (typed.lowercased(), known.lowercased())
    let begun = typed.drop { $0 == "-" }
    return !begun.isEmpty && known.drop { $0 == "-" }.hasPrefix(begun) ? 1 : editDistance(typed, known)
}

/// How many letters to insert, leave out, replace or swap with their neighbour to make one word the other.
package func editDistance(_ left: String, _ right: String) -> Int {
    // A typing error is at the front of a word, and a word is not a file: more would only cost.
    let left = Array(left.unicodeScalars.prefix(64))
    let right = Array(right.unicodeScalars.prefix(64))
    var rows = [Array(0...right.count)]
    for i in 0..<left.count {
        var row = [i + 1]
        for j in 0..<right.count {
            var best = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (left[i] == right[j] ? 0 : 1))
            if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                best = min(best, rows[i - 1][j - 1] + 1)
            }
            row.append(best)
        }
        rows.append(row)
    }
    return rows[left.count][right.count]
}
