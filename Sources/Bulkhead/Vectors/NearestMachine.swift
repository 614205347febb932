import BulkheadRESP

/// Keeps the nearest so many of all keys that it is shown; no I/O.
///
/// The farthest of those kept lies on top of a heap, so a farther key costs one comparison, and memory is for those
/// kept only.
package struct NearestMachine: Sendable {
    package struct Candidate: Sendable, Hashable {
        package let key: RESPBytes
        package let distance: Float

        fileprivate func isFarther(than other: Candidate) -> Bool {
            if distance != other.distance { return distance > other.distance }
            return other.key.lexicographicallyPrecedes(key)
        }
    }

    private let most: Int
    private var heap: [Candidate] = []
    private var keys: Set<RESPBytes> = []
    package private(set) var compared = 0
    package private(set) var skipped = 0

    package init(most: Int) {
        self.most = most
    }

    /// Looks at a key; nil is one without such a vector. A scan may show a key twice: it is kept once, as it was first.
    package mutating func take(_ key: RESPBytes, at distance: Float?) {
        guard let distance else {
            skipped += 1
            return
        }
        compared += 1
        let candidate = Candidate(key: key, distance: distance)
        if heap.count == most {
            guard let farthest = heap.first, farthest.isFarther(than: candidate) else { return }
            guard keys.insert(key).inserted else { return }
            keys.remove(farthest.key)
            heap[0] = candidate
            sink()
        } else {
            guard keys.insert(key).inserted else { return }
            heap.append(candidate)
            rise()
        }
    }

    /// Those that were kept, the nearest first.
    package var nearest: [Candidate] { heap.sorted { $1.isFarther(than: $0) } }

    private mutating func rise() {
        var index = heap.count - 1
        while index > 0, case let parent = (index - 1) / 2, heap[index].isFarther(than: heap[parent]) {
            heap.swapAt(index, parent)
            index = parent
        }
    }

    private mutating func sink() {
        var index = 0
        while true {
            var farthest = index
            for child in (2 * index + 1)...(2 * index + 2)
            where child < heap.count && heap[child].isFarther(than: heap[farthest]) {
                farthest = child
            }
            if farthest == index { return }
            heap.swapAt(index, farthest)
            index = farthest
        }
    }
}
