/// What a snapshot or a DUMP payload is written in: the family of its server and the number of its format.
///
/// The families number their formats apart (``firstServers``). Types 22 and 23 and opcodes 242 and 243 mean different
/// things in each.
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

    /// The first number whose files end in a checksum.
    static let firstWithChecksum = 5

    /// The servers that read this format, by the first of them; `nil` for a format that nobody has released.
    ///
    /// A number of Redis's from before the families parted is Valkey's as well.
    package var firstServers: String? {
        switch (flavour, number) {
        case (.valkey, 80): "Valkey 9.0"
        case (.valkey, 81): "Valkey 9.2"
        case (_, 1): "Redis of any version"
        case (_, 2): "Redis 2.4"
        case (_, 3...6): "Redis 2.6"
        case (_, 7): "Redis 3.2"
        case (_, 8): "Redis 4.0"
        case (_, 9): "Redis 5.0"
        case (_, 10): "Redis 7.0"
        case (_, 11): "Redis 7.2 and Valkey 7.2"
        case (.redis, 12): "Redis 7.4"
        case (.redis, 13): "Redis 8.6"
        case (.redis, 14): "Redis 8.8"
        case (.redis, 15): "Redis 8.10"
        default: nil
        }
    }
}

extension RDBVersion: CustomStringConvertible {
    /// "format 12 (Redis 7.4 and newer)": a format is no version of a server.
    package var description: String {
        let servers = firstServers.map { $0.contains("any") ? $0 : "\($0) and newer" }
        let family = flavour == .redis ? "Redis" : "Valkey"
        return "format \(number) (\(servers ?? "of \(family), not known here"))"
    }
}
