/// What a key holds: its elements, whatever encoding they were written in.
///
/// Strings are bytes; integers that a server packs are the decimal text that its commands give back. `==` takes the
/// order of sets, hashes and scores as it was read; ``isEquivalent(to:)`` compares as a user would.
package enum RDBValue: Sendable, Hashable {
    case string([UInt8])
    case list([[UInt8]])
    case set([[UInt8]])
    case sortedSet([RDBScoredMember])
    case hash([RDBHashField])
    case stream(RDBStream)
    case vectorSet(RDBVectorSet)
    case array(RDBArray)
    case module(RDBModuleValue)

    /// What `TYPE` calls it; a module value by its type's own name.
    package var typeName: String {
        switch self {
        case .string: "string"
        case .list: "list"
        case .set: "set"
        case .sortedSet: "zset"
        case .hash: "hash"
        case .stream: "stream"
        case .vectorSet: RDBVectorSet.moduleName
        case .array: "array"
        case .module(let value): value.name
        }
    }
}

/// A member of a sorted set. The score is never NaN.
package struct RDBScoredMember: Sendable, Hashable {
    package var member: [UInt8]
    package var score: Double

    package init(member: [UInt8], score: Double) {
        self.member = member
        self.score = score
    }
}

/// A field of a hash.
package struct RDBHashField: Sendable, Hashable {
    package var name: [UInt8]
    package var value: [UInt8]
    /// When it goes, in milliseconds since 1970, or `nil` if it stays. A server writes fields whose time has passed
    /// as long as it has not removed them.
    package var expiresAt: Int64?

    package init(name: [UInt8], value: [UInt8], expiresAt: Int64? = nil) {
        self.name = name
        self.value = value
        self.expiresAt = expiresAt
    }
}
