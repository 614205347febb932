import BulkheadRDB
import BulkheadRDBBodies
import BulkheadTestSupport
import Testing

@Suite("Outlines of values") struct OutlineTests {
    private func outline(
        _ type: RDBType, _ body: [UInt8], _ flavour: RDBVersion.Flavour, at now: Int64? = nil
    ) throws(RDBViolation) -> RDBValueOutline? {
        let version = RDBVersion(flavour, flavour == .redis ? 12 : 80)
        return try RDBValueOutline(type: type, body: body[...], version: version, at: now)
    }

    /// The value in each encoding that can hold it.
    private func outlines(_ value: RDBValue, _ types: [(RDBType, RDBVersion.Flavour)]) throws -> [RDBValueOutline] {
        try types.compactMap { type, flavour in
            guard let body = value.body(type, flavour, BodyWriter()) else { return nil }
            return try outline(type, body, flavour)
        }
    }

    @Test(arguments: 0..<4)
    func `the same outline comes of every encoding, and another one of another value`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let values = RandomValues { random.below($0) }
        var seen: [(RDBValue, RDBValueOutline)] = []
        for _ in 0..<40 {
            let (value, types) = values.value()
            let all = try outlines(value, types)
            guard let first = all.first else { continue }
            #expect(all.allSatisfy { $0 == first && $0.digest == first.digest && $0.difference(from: first) == nil })
            #expect(first.typeName == value.typeName)
            for (other, outline) in seen {
                let isSame = value.isEquivalent(to: other)
                #expect((outline == first) == isSame && (outline.digest == first.digest) == isSame)
                #expect((outline.difference(from: first) == nil) == isSame)
            }
            seen.append((value, first))
        }
        #expect(seen.count > 10)
    }

    @Test(arguments: ValueViolationTests.cases)
    func `bytes that are no value have no outline, for the same reason`(violated: ValueViolationTests.Case) throws {
        let bytes = hex(violated.body)
        let decoding = try #require(violation(violated.type, bytes, violated.flavour))
        do {
            #expect(try outline(violated.type, bytes, violated.flavour) == nil)
        } catch {
            #expect(error.kind == decoding.kind && error.offset == decoding.offset, "\(error) \(decoding)")
        }
    }

    @Test func `fields whose time has passed are left out of it`() throws {
        func outline(_ fields: [RDBHashField], at now: Int64?) throws -> RDBValueOutline {
            let body = try #require(RDBValue.hash(fields).body(.hashMetadata, .redis, BodyWriter()))
            return try #require(try self.outline(.hashMetadata, body, .redis, at: now))
        }
        let stays = RDBHashField(name: bytes("a"), value: bytes("1"))
        let goes = RDBHashField(name: bytes("b"), value: bytes("2"), expiresAt: 1_000)
        let bare = try outline([stays], at: nil)
        #expect(try outline([stays, goes], at: 1_000) == bare)
        #expect(try outline([stays, goes], at: 999) != bare)
        #expect(try outline([stays, goes], at: nil) != bare)
        #expect(try outline([stays, goes], at: 1_000).isOver == false)
        #expect(try outline([goes], at: 1_000).isOver)
        #expect(try outline([goes], at: 999).isOver == false)
        #expect(RDBValue.hash([stays, goes]).live(at: 1_000) == .hash([stays]))
    }
}
