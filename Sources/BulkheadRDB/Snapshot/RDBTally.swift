/// How many keys there are, by what they are.
package struct RDBTally: Sendable, Hashable {
    package private(set) var keys = 0
    /// Those that have an expiry, be it over or not.
    package private(set) var expires = 0
    private var byKind = Array(repeating: 0, count: RDBKind.allCases.count)
    private var byModule: [UInt64: Int] = [:]

    /// Types of modules that are counted each. No server has so many, and in a file that has more the rest is "module".
    private static let mostModules = 256

    package init() {}

    package mutating func count(_ entry: RDBEntry) {
        keys += 1
        if entry.expiry != nil { expires += 1 }
        byKind[entry.kind.place] += 1
        guard let type = entry.module?.type, byModule[type] != nil || byModule.count < Self.mostModules else { return }
        byModule[type, default: 0] += 1
    }

    /// Keys by the names of their types, as TYPE gives them: "string", "zset", "vectorset", "ReJSON-RL". Those of
    /// modules that are not counted each are "module".
    package var types: [String: Int] {
        var types: [String: Int] = [:]
        for kind in RDBKind.allCases where kind != .module && byKind[kind.place] > 0 {
            types[kind.rawValue] = byKind[kind.place]
        }
        var rest = byKind[RDBKind.module.place]
        for (type, count) in byModule {
            types[RDBModuleID(type << 10).name, default: 0] += count
            rest -= count
        }
        if rest > 0 { types[RDBKind.module.rawValue, default: 0] += rest }
        return types
    }
}

extension RDBKind {
    fileprivate var place: Int {
        switch self {
        case .string: 0
        case .list: 1
        case .set: 2
        case .zset: 3
        case .hash: 4
        case .stream: 5
        case .module: 6
        case .array: 7
        }
    }
}
