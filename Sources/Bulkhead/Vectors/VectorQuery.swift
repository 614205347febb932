import BulkheadRESP

/// A vector that others are compared with; no I/O.
package struct VectorQuery: Sendable {
    /// Of length 1 where only the direction counts.
    private let vector: [Float]
    private let distance: RedisVectorDistance

    /// Nil if nothing can be compared with it: it is empty, a number is none, or it has no direction and needs one.
    package init?(_ vector: [Float], by distance: RedisVectorDistance) {
        let length = vector.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
        guard !vector.isEmpty, length.isFinite, length > 0 || distance != .cosine else { return nil }
        self.vector = distance == .cosine ? vector.map { Float(Double($0) / length) } : vector
        self.distance = distance
    }

    var dimension: Int { vector.count }

    /// How far the vector in `bytes` is; nil if there is none of this dimension, or it has no distance.
    package func distance(to bytes: RESPBytes, in format: RedisVectorFormat) -> Float? {
        switch format.kind {
        case .float32:
            #if _endian(big)
            return format.vector(in: bytes, of: dimension).flatMap { distance(to: $0) }
            #else
            return bytes.withUnsafeBytes { $0.count == dimension * 4 ? distance(toPacked: $0) : nil }
            #endif
        case .float64, .text: return format.vector(in: bytes, of: dimension).flatMap { distance(to: $0) }
        }
    }

    package func distance(to other: [Float]) -> Float? {
        guard other.count == dimension else { return nil }
        return other.withUnsafeBytes { distance(toPacked: $0) }
    }

    private func distance(toPacked other: UnsafeRawBufferPointer) -> Float? {
        vector.withUnsafeBytes { vector in
            switch distance.kind {
            case .cosine:
                let (dot, square) = VectorProducts.dotAndSquare(vector, other)
                // What is too large or too small for the squares of 32 bits is not too much for those of 64.
                guard dot.isFinite, square.isNormal else { return wide(other) }
                return Self.cosineDistance(dot / square.squareRoot())
            case .l2:
                let square = VectorProducts.squaredDistance(vector, other)
                return square.isFinite ? square : wide(other)
            case .innerProduct:
                let dot = VectorProducts.dot(vector, other)
                return dot.isFinite ? 1 - dot : wide(other)
            }
        }
    }

    /// The same in 64 bits; nil if even there it is no number.
    private func wide(_ other: UnsafeRawBufferPointer) -> Float? {
        var (dot, square, apart) = (0.0, 0.0, 0.0)
        for (index, mine) in vector.enumerated() {
            let theirs = Double(other.loadUnaligned(fromByteOffset: index * 4, as: Float.self))
            dot += Double(mine) * theirs
            square += theirs * theirs
            apart += (Double(mine) - theirs) * (Double(mine) - theirs)
        }
        let result =
            switch distance.kind {
            case .cosine: Self.cosineDistance(Float(dot / square.squareRoot()))
            case .l2: Float(apart)
            case .innerProduct: Float(1 - dot)
            }
        return result.isFinite ? result : nil
    }

    /// Rounding may make a cosine a little larger than 1.
    private static func cosineDistance(_ cosine: Float) -> Float { 1 - min(max(cosine, -1), 1) }
}
