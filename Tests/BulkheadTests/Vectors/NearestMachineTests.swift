import Bulkhead
import Testing

@Suite struct NearestMachineTests {
    @Test(arguments: [1, 2, 3, 7, 100, 999, 1_000, 5_000])
    func `the nearest are those that a sort of all would put first, in that order`(most: Int) {
        var random = RandomVectors(seed: 7)
        // Few different distances, so that many are equal and keys decide.
        let all = (0..<1_000).map { (key: RESPBytes("k\($0)"), distance: Float(Int(random.number() * 50))) }
        var machine = NearestMachine(most: most)
        for (key, distance) in all { machine.take(key, at: distance) }
        let sorted = all.sorted {
            $0.distance != $1.distance ? $0.distance < $1.distance : $0.key.lexicographicallyPrecedes($1.key)
        }
        #expect(machine.nearest.map(\.key) == sorted.prefix(most).map(\.key))
        #expect(machine.nearest.map(\.distance) == sorted.prefix(most).map(\.distance))
        #expect(machine.compared == 1_000 && machine.skipped == 0)
    }

    @Test func `a key that a scan shows again is kept once`() {
        var machine = NearestMachine(most: 3)
        for _ in 0..<4 {
            for (key, distance) in [("far", 9), ("near", 1), ("middle", 5), ("farther", 10)] as [(RESPBytes, Float)] {
                machine.take(key, at: distance)
            }
        }
        #expect(machine.nearest.map(\.key) == ["near", "middle", "far"])
        machine.take("nearest", at: 0)
        machine.take("far", at: 0.5)
        #expect(machine.nearest.map(\.key) == ["nearest", "far", "near"])
    }

    @Test func `what has no distance is counted and not kept`() {
        var machine = NearestMachine(most: 2)
        machine.take("a", at: nil)
        machine.take("b", at: 1)
        machine.take("c", at: nil)
        #expect(machine.nearest.map(\.key) == ["b"])
        #expect(machine.compared == 1 && machine.skipped == 2)
    }
}

@Suite struct VectorQueryTests {
    private static let distances: [RedisVectorDistance] = [.cosine, .l2, .innerProduct]

    /// In 64 bits, number by number.
    private static func expected(_ left: [Float], _ right: [Float], _ distance: RedisVectorDistance) -> Double {
        let (left, right) = (left.map { Double($0) }, right.map { Double($0) })
        let dot = zip(left, right).reduce(0) { $0 + $1.0 * $1.1 }
        func length(_ vector: [Double]) -> Double { vector.reduce(0) { $0 + $1 * $1 }.squareRoot() }
        if distance == .cosine { return 1 - dot / length(left) / length(right) }
        if distance == .innerProduct { return 1 - dot }
        return zip(left, right).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    }

    @Test(arguments: [1, 2, 3, 15, 16, 17, 31, 32, 33, 100, 384, 768, 1_536])
    func `a distance in 32 bits is that of 64 but for rounding, whatever the dimension`(dimension: Int) throws {
        var random = RandomVectors(seed: UInt64(dimension))
        for distance in Self.distances {
            for _ in 0..<20 {
                let (left, right) = (random.vector(dimension), random.vector(dimension))
                let found = try #require(VectorQuery(left, by: distance)?.distance(to: right))
                let expected = Self.expected(left, right, distance)
                let scale = max(1, Double(dimension))
                #expect(abs(Double(found) - expected) < 1e-6 * scale, "\(distance) in \(dimension)")
            }
        }
    }

    @Test(arguments: distances)
    func `packed numbers, numbers of 64 bits and text are the same vector`(distance: RedisVectorDistance) throws {
        let query = try #require(VectorQuery([0.5, -0.25, 2], by: distance))
        let numbers: [Float] = [1.5, 0.75, -0.125]
        let expected = try #require(query.distance(to: numbers))
        let packed = numbers.flatMap { number in
            withUnsafeBytes(of: number.bitPattern.littleEndian) { Array($0) }
        }
        let wide = numbers.flatMap { number in
            withUnsafeBytes(of: Double(number).bitPattern.littleEndian) { Array($0) }
        }
        #expect(query.distance(to: RESPBytes(packed), in: .float32) == expected)
        #expect(query.distance(to: RESPBytes(wide), in: .float64) == expected)
        for text in ["[1.5,0.75,-0.125]", " [ 1.5 , 7.5e-1, -0.125 ] ", "1.5 0.75\t-0.125\n", "1.5,0.75,-0.125"] {
            #expect(query.distance(to: RESPBytes(text), in: .text) == expected, "\(text)")
        }
        // Where a value lies in its receive buffer is no multiple of anything.
        for shift in 0..<8 {
            let received = RESPBytes([UInt8](repeating: 1, count: shift) + packed)
            let slice = RESPBytes(received.dropFirst(shift))
            #expect(query.distance(to: slice, in: .float32) == expected)
        }
    }

    @Test func `what is no vector of the dimension has no distance`() throws {
        let query = try #require(VectorQuery([1, 2], by: .cosine))
        let none = Float.nan.bitPattern.littleEndian
        let notANumber = withUnsafeBytes(of: (none, none)) { Array($0) }
        for bytes in [[], [1], [UInt8](repeating: 1, count: 7), [UInt8](repeating: 1, count: 12), notANumber] {
            #expect(query.distance(to: RESPBytes(bytes), in: .float32) == nil, "\(bytes)")
        }
        for count in [4, 8, 15, 17, 24] {
            #expect(query.distance(to: RESPBytes([UInt8](repeating: 63, count: count)), in: .float64) == nil)
        }
        for text in ["", "[]", "[1]", "[1,2,3]", "1,2,", "[1,2", "1 2 3", "[1,x]", "[1,nan]", "[[1,2]]", "[1,,2]", "["]
        {
            #expect(query.distance(to: RESPBytes(text), in: .text) == nil, "\(text)")
        }
        #expect(query.distance(to: RESPBytes([0xff, 0xfe]), in: .text) == nil)
        // No direction, so no angle; but a place.
        let zero = RESPBytes([UInt8](repeating: 0, count: 8))
        #expect(query.distance(to: zero, in: .float32) == nil)
        #expect(VectorQuery([1, 2], by: .l2)?.distance(to: zero, in: .float32) == 5)
    }

    @Test func `a query without a direction, a dimension or numbers is none`() {
        for distance in Self.distances {
            #expect(VectorQuery([], by: distance) == nil)
            #expect(VectorQuery([1, .nan], by: distance) == nil)
            #expect(VectorQuery([1, .infinity], by: distance) == nil)
        }
        #expect(VectorQuery([0, 0], by: .cosine) == nil)
        #expect(VectorQuery([0, 0], by: .l2)?.distance(to: [3, 4]) == 25)
    }

    @Test func `numbers whose squares are too large or too small for 32 bits have an angle all the same`() throws {
        for size in [1e-30, 1e-22, 1, 1e19, 1e30] as [Float] {
            for other in [1e-30, 1e-22, 1, 1e19, 1e30] as [Float] {
                let query = try #require(VectorQuery([size, 0, size], by: .cosine))
                let found = try #require(query.distance(to: [other, other, 0]))
                #expect(abs(found - 0.5) < 1e-6, "\(size) and \(other): \(found)")
            }
        }
        #expect(VectorQuery([1e30], by: .l2)?.distance(to: [-1e30]) == nil)
    }
}
