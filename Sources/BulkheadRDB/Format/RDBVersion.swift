/// What a snapshot or a DUMP payload is written in: the family of its server and the number of its format.
///
/// The families number their formats apart: Redis 9 (5.0 to 6.2), 10 (7.0), 11 (7.2), 12 (7.4 to 8.4) and on;
/// Valkey 11 (7.2 to 8.1), 80 (9.0) and on. Types 22 and 23 and opcodes 242 and 243 mean different things in each.
package struct RDBVersion: Sendable, Hashable {
    /// Whose numbers these are.
    package enum Flavour: String, Sendable, Hashable {
        case redis, valkey
    }

    package let flavour: Flavour
    package let number: Int

    package init(_ flavour: Flavour, _ number: Int) {
        self.flavour = flavour
        self.number = number
    }

    /// The version of a DUMP payload, whose footer has the number alone: from 80 on it is Valkey's.
    package init(ofDump number: Int) {
        self.init(number >= 80 ? .valkey : .redis, number)
    }
}
