/// What a value is to its users, whichever of its types it was written in.
package enum RDBKind: String, Sendable, Hashable, CaseIterable {
    case string, list, set, zset, hash, stream, module, array
}

/// The type of a module's values, and the version of their layout, as the number that stands before each.
///
/// ```
///   63                    10 9       0
///   ├── 9 letters of 6 bits ┼ version ┤
/// ```
package struct RDBModuleID: Sendable, Hashable {
    package let number: UInt64

    package init(_ number: UInt64) { self.number = number }

    /// The type without the version: what the records of one module's type have in common.
    package var type: UInt64 { number >> 10 }

    /// Nine letters, such as "vectorset" or "ReJSON-RL".
    package var name: String { RDBModuleValue.name(of: number) }
}
