/// The sums that distances are made of, over packed FLOAT32 in the byte order of this machine.
///
/// They are added up in 16 lanes: a loop over single numbers may not be, as that would round otherwise.
enum VectorProducts {
    typealias Lanes = SIMD16<Float>

    /// The inner product, and that of `other` with itself.
    static func dotAndSquare(
        _ vector: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer
    ) -> (dot: Float, square: Float) {
        var dots = Lanes.zero
        var squares = Lanes.zero
        let (whole, rest) = parts(vector, other)
        for offset in whole {
            let theirs = other.loadUnaligned(fromByteOffset: offset, as: Lanes.self)
            dots += vector.loadUnaligned(fromByteOffset: offset, as: Lanes.self) * theirs
            squares += theirs * theirs
        }
        var (dot, square) = (dots.sum(), squares.sum())
        for offset in rest {
            let theirs = other.loadUnaligned(fromByteOffset: offset, as: Float.self)
            dot += vector.loadUnaligned(fromByteOffset: offset, as: Float.self) * theirs
            square += theirs * theirs
        }
        return (dot, square)
    }

    static func dot(_ vector: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> Float {
        var dots = Lanes.zero
        let (whole, rest) = parts(vector, other)
        for offset in whole {
            dots +=
                vector.loadUnaligned(fromByteOffset: offset, as: Lanes.self)
                * other.loadUnaligned(fromByteOffset: offset, as: Lanes.self)
        }
        var dot = dots.sum()
        for offset in rest {
            dot +=
                vector.loadUnaligned(fromByteOffset: offset, as: Float.self)
                * other.loadUnaligned(fromByteOffset: offset, as: Float.self)
        }
        return dot
    }

    static func squaredDistance(_ vector: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> Float {
        var squares = Lanes.zero
        let (whole, rest) = parts(vector, other)
        for offset in whole {
            let difference =
                vector.loadUnaligned(fromByteOffset: offset, as: Lanes.self)
                - other.loadUnaligned(fromByteOffset: offset, as: Lanes.self)
            squares += difference * difference
        }
        var square = squares.sum()
        for offset in rest {
            let difference =
                vector.loadUnaligned(fromByteOffset: offset, as: Float.self)
                - other.loadUnaligned(fromByteOffset: offset, as: Float.self)
            square += difference * difference
        }
        return square
    }

    /// The offsets of whole lanes, and of the numbers behind them. Checks the bounds of all once.
    private static func parts(
        _ vector: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer
    ) -> (whole: StrideTo<Int>, rest: StrideTo<Int>) {
        precondition(vector.count == other.count && vector.count % 4 == 0, "vectors of different dimensions")
        let size = MemoryLayout<Lanes>.size
        let end = vector.count / size * size
        return (stride(from: 0, to: end, by: size), stride(from: end, to: vector.count, by: 4))
    }
}
