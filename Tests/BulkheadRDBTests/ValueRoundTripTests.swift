import BulkheadRDB
import BulkheadRDBBodies
import BulkheadTestSupport
import Testing

/// Values by chance, written in every encoding that can hold them and in every way a length or string can be.
@Suite("Values written and read again") struct ValueRoundTripTests {
    @Test(arguments: 0..<3)
    func `whatever encoding a value is written in, the same value comes back`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let values = RandomValues { random.below($0) }
        var choices = SeededGenerator(seed: seed + 100)
        for _ in 0..<30 {
            let (value, types) = values.value()
            var digests: Set<UInt64> = []
            for (type, flavour) in types {
                for writer in [BodyWriter(), BodyWriter { choices.below($0) }] {
                    guard let body = value.body(type, flavour, writer) else { continue }
                    let decoded = try decode(type, body, flavour)
                    let words = decoded.difference(from: value) ?? ""
                    #expect(decoded.isEquivalent(to: value), "\(type.rawValue): \(words)")
                    digests.insert(decoded.canonicalDigest)
                }
            }
            #expect(digests.count == 1)
        }
    }

    @Test(arguments: 0..<4)
    func `a body that ends early or goes on is a violation at a place inside it`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let values = RandomValues { random.below($0) }
        for _ in 0..<12 {
            let (value, types) = values.value()
            for (type, flavour) in types {
                guard let body = value.body(type, flavour, BodyWriter()) else { continue }
                let step = max(1, body.count / 200)
                for end in stride(from: 0, to: body.count, by: step) {
                    let found = try #require(violation(type, Array(body[..<end]), flavour))
                    #expect((0...end).contains(found.offset))
                }
                #expect(violation(type, body + [0], flavour)?.offset == body.count)
            }
        }
    }
}
