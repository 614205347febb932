package import Bulkhead

/// Which keys of one database belong into another, by the patterns of the catalogue.
///
/// A key that fits a pattern of its own database is at home, whatever others say. One that fits none of those and one
/// of another database is misplaced; of several patterns the one with the most literal bytes is meant. A key that
/// fits no pattern at all is nobody's, and may lie anywhere.
package struct Placement: Sendable {
    /// A pattern of another database.
    struct Claim: Sendable {
        let pattern: KeyPattern
        let owner: DatabaseName
    }

    /// What one key is.
    enum Verdict: Hashable {
        /// It fits a pattern of this database.
        case atHome
        /// It fits the claim of this place in `claims`.
        case misplaced(Int)
        case nobodys
    }

    let own: [KeyPattern]
    let claims: [Claim]
    /// Those claims that keys which are at home may fit too.
    private let contested: [Int]

    /// What the catalogue says of the keys of `entry`; names of its number, on its server, are its own. The
    /// configuration says where the names are that have no server of their own.
    package init(
        of entry: DatabaseEntry, in catalogue: DatabaseCatalogue, by configuration: RedisConfiguration = .init()
    ) {
        let homes = catalogue.entries.filter { catalogue.isSamePlace($0, entry, by: configuration) }
        let own = homes.flatMap(\.keyPatterns).map { KeyPattern($0) }
        let others = catalogue.entries.filter { other in !homes.contains { $0.name == other.name } }
        let claims = others.flatMap { other in
            other.keyPatterns.map { Claim(pattern: KeyPattern($0), owner: other.aliasOf ?? other.name) }
        }.sorted { $0.pattern.literalBytes > $1.pattern.literalBytes }
        self.own = own
        self.claims = claims
        contested = claims.indices.filter { index in own.contains { $0.mayMeet(claims[index].pattern) } }
    }

    func verdict(on key: UnsafeRawBufferPointer) -> Verdict {
        for pattern in own where pattern.matches(key) { return .atHome }
        for index in claims.indices where claims[index].pattern.matches(key) { return .misplaced(index) }
        return .nobodys
    }

    /// Whose a key is, if it is misplaced here.
    func owner(of key: [UInt8]) -> DatabaseName? {
        guard case .misplaced(let claim) = key.withUnsafeBytes({ verdict(on: $0) }) else { return nil }
        return claims[claim].owner
    }

    /// Claims that a key which is at home fits as well: who migrates by their patterns moves it too.
    func otherClaims(on key: UnsafeRawBufferPointer) -> [Int] {
        contested.isEmpty ? [] : contested.filter { claims[$0].pattern.matches(key) }
    }
}

/// How many keys of a database fit each claim of others.
struct MisplacementTally {
    struct Count {
        var keys = 0
        /// Keys that are at home here and fit the claim's pattern as well.
        var atHome = 0
        /// A few of the misplaced keys.
        var examples: [[UInt8]] = []
    }

    static let mostExamples = 3

    let placement: Placement
    private(set) var counts: [Count]
    private(set) var atHome = 0
    private(set) var nobodys = 0

    init(_ placement: Placement) {
        self.placement = placement
        counts = placement.claims.map { _ in Count() }
    }

    mutating func add(_ key: UnsafeRawBufferPointer) {
        switch placement.verdict(on: key) {
        case .atHome:
            atHome += 1
            for index in placement.otherClaims(on: key) { counts[index].atHome += 1 }
        case .nobodys: nobodys += 1
        case .misplaced(let index):
            counts[index].keys += 1
            if counts[index].examples.count < Self.mostExamples { counts[index].examples.append(Array(key)) }
        }
    }
}
