import Bulkhead
import BulkheadBenchmarkSupport

/// Distances by a plain loop: what recall is held against, and what the lanes of the library are compared with.
enum VectorLoops {
    /// The places of the nearest by cosine, in 64 bits.
    static func nearest(_ count: Int, to query: [Float], of vectors: [[Float]]) -> [Int] {
        let distances = vectors.map { vector in
            var (dot, square) = (0.0, 0.0)
            for index in query.indices {
                dot += Double(query[index]) * Double(vector[index])
                square += Double(vector[index]) * Double(vector[index])
            }
            return -dot / square.squareRoot()
        }
        return Array(vectors.indices.sorted { distances[$0] < distances[$1] }.prefix(count))
    }

    /// Nanoseconds for a vector: the library's lanes beside a loop over the numbers, in turns.
    static func report(dimension: Int) -> String {
        var random = SeededGenerator(seed: 2)
        let vectors = (0..<1_000).map { _ in
            (0..<dimension).map { _ in Float.random(in: -1...1, using: &random) }
        }
        let values = vectors.map { vector in RESPBytes(vector.withUnsafeBytes { Array($0) }) }
        guard let query = VectorQuery(vectors[0], by: .cosine) else { return "" }
        var (lanes, loop, sum): ([Double], [Double], Float) = ([], [], 0)
        for _ in 0..<21 {
            var start = ContinuousClock.now
            for value in values { sum += query.distance(to: value, in: .float32) ?? 0 }
            lanes.append((ContinuousClock.now - start) / .nanoseconds(1_000))
            start = .now
            for value in values { sum += plain(vectors[0], value) }
            loop.append((ContinuousClock.now - start) / .nanoseconds(1_000))
        }
        guard let fast = Spread(lanes), let slow = Spread(loop),
            let ratio = Spread(zip(loop, lanes).map { $0 / $1 })
        else { return "" }
        var table = Table(columns: [
            .text("one distance"), .number("nanoseconds"), .number("times as fast"),
        ])
        table.append(["a loop over numbers", slow.text { Units.decimal($0, places: 0) }, "1.0"])
        table.append([
            "16 lanes, as nearest(…)", fast.text { Units.decimal($0, places: 0) },
            ratio.text { Units.decimal($0, places: 1) },
        ])
        return table.text() + (sum.isNaN ? "no number\n" : "")
            + "Medians of 21 rounds (least–most).\n\n"
    }

    private static func plain(_ query: [Float], _ value: RESPBytes) -> Float {
        value.withUnsafeBytes { bytes in
            var (dot, square, own): (Float, Float, Float) = (0, 0, 0)
            for index in query.indices {
                let theirs = bytes.loadUnaligned(fromByteOffset: index * 4, as: Float.self)
                dot += query[index] * theirs
                square += theirs * theirs
                own += query[index] * query[index]
            }
            return 1 - dot / square.squareRoot() / own.squareRoot()
        }
    }
}
