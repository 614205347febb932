/// The words `; did you mean …?` with the nearest of `known`; empty if none is known.
func suggestion(for typed: String, among known: [String]) -> String {
    let nearest = known.min { editDistance(typed, $0) < editDistance(typed, $1) }
    return nearest.map { "; did you mean \($0)?" } ?? ""
}

/// How many letters to insert, leave out, replace or swap with their neighbour to make one word the other.
func editDistance(_ left: String, _ right: String) -> Int {
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
