/// Sets: members without order, each of them once.
///
/// All throw WRONGTYPE if a key holds another type. A missing key is an empty set; a set that becomes empty is removed.
/// Where no member or key is named nothing is sent: counts are 0, reads are empty. Members whose bytes differ can be
/// equal as `String`: a reply with such ones throws `unexpected-reply`; ask for `RESPBytes`.
extension RedisCommand {
    /// Adds members.
    ///
    /// - Returns: How many are new.
    /// - Complexity: O(N) for N members
    /// - Since: Redis 1.0.0; several members 2.4.0
    @inlinable
    public static func sadd<Member: RedisArgument>(
        _ key: some RedisArgument, _ members: [Member]
    ) -> RedisCommand<Int> {
        RedisCommand<Int>("SADD", least: 3, else: .answered(.zero)) { arguments in
            arguments.append(key)
            arguments.append(contentsOf: members)
        }
    }

    /// Adds members, written one by one.
    ///
    /// - Returns: How many are new.
    /// - Complexity: O(N) for N members
    /// - Since: Redis 1.0.0; several members 2.4.0
    @inlinable
    public static func sadd<Member: RedisArgument>(
        _ key: some RedisArgument, _ members: Member...
    ) -> RedisCommand<Int> {
        sadd(key, members)
    }

    /// Removes members.
    ///
    /// - Returns: How many of them there were.
    /// - Complexity: O(N) for N members
    /// - Since: Redis 1.0.0; several members 2.4.0
    @inlinable
    public static func srem<Member: RedisArgument>(
        _ key: some RedisArgument, _ members: [Member]
    ) -> RedisCommand<Int> {
        RedisCommand<Int>("SREM", least: 3, else: .answered(.zero)) { arguments in
            arguments.append(key)
            arguments.append(contentsOf: members)
        }
    }

    /// Removes members, written one by one.
    ///
    /// - Returns: How many of them there were.
    /// - Complexity: O(N) for N members
    /// - Since: Redis 1.0.0; several members 2.4.0
    @inlinable
    public static func srem<Member: RedisArgument>(
        _ key: some RedisArgument, _ members: Member...
    ) -> RedisCommand<Int> {
        srem(key, members)
    }

    /// Reads a whole set.
    ///
    /// - Returns: Its members; empty if there is no such key.
    /// - Complexity: O(N) for a set of N members
    /// - Since: Redis 1.0.0
    @inlinable
    public static func smembers<Member: RedisDecodable & Hashable>(
        _ key: some RedisArgument, as type: Member.Type = String.self
    ) -> RedisCommand<Set<Member>> {
        RedisCommand<Set<Member>>("SMEMBERS", route: .bulk) { $0.append(key) }
    }

    /// Asks whether a member is in the set.
    ///
    /// - Returns: False if it is not, or there is no such key.
    /// - Complexity: O(1)
    /// - Since: Redis 1.0.0
    @inlinable
    public static func sismember(_ key: some RedisArgument, _ member: some RedisArgument) -> RedisCommand<Bool> {
        RedisCommand<Bool>("SISMEMBER") { arguments in
            arguments.append(key)
            arguments.append(member)
        }
    }

    /// Asks which members are in the set.
    ///
    /// - Returns: One answer for each member, in their order.
    /// - Complexity: O(N) for N members asked for
    /// - Since: Redis 6.2.0
    @inlinable
    public static func smismember<Member: RedisArgument>(
        _ key: some RedisArgument, _ members: [Member]
    ) -> RedisCommand<[Bool]> {
        RedisCommand<[Bool]>("SMISMEMBER", least: 3, else: .answered(.nothing)) { arguments in
            arguments.append(key)
            arguments.append(contentsOf: members)
        }
    }

    /// Asks which members, written one by one, are in the set.
    ///
    /// - Returns: One answer for each member, in their order.
    /// - Complexity: O(N) for N members asked for
    /// - Since: Redis 6.2.0
    @inlinable
    public static func smismember<Member: RedisArgument>(
        _ key: some RedisArgument, _ members: Member...
    ) -> RedisCommand<[Bool]> {
        smismember(key, members)
    }

    /// Counts the members.
    ///
    /// - Returns: How many; 0 if there is no such key.
    /// - Complexity: O(1)
    /// - Since: Redis 1.0.0
    @inlinable
    public static func scard(_ key: some RedisArgument) -> RedisCommand<Int> {
        RedisCommand<Int>("SCARD") { $0.append(key) }
    }

    /// Takes a member out, at random.
    ///
    /// - Returns: The member; nil if the set is empty.
    /// - Complexity: O(1)
    /// - Since: Redis 1.0.0
    @inlinable
    public static func spop<Member: RedisDecodable>(
        _ key: some RedisArgument, as type: Member.Type = String.self
    ) -> RedisCommand<Member?> {
        RedisCommand<Member?>("SPOP") { $0.append(key) }
    }

    /// Picks a member at random and leaves it there.
    ///
    /// - Returns: The member; nil if the set is empty.
    /// - Complexity: O(1)
    /// - Since: Redis 1.0.0
    @inlinable
    public static func srandmember<Member: RedisDecodable>(
        _ key: some RedisArgument, as type: Member.Type = String.self
    ) -> RedisCommand<Member?> {
        RedisCommand<Member?>("SRANDMEMBER") { $0.append(key) }
    }

    /// Reads the members that are in all of these sets.
    ///
    /// - Returns: The members; empty as soon as one key is missing.
    /// - Complexity: O(N*M) for M sets, the smallest of N members
    /// - Since: Redis 1.0.0
    @inlinable
    public static func sinter<Key: RedisArgument, Member: RedisDecodable & Hashable>(
        _ keys: [Key], as type: Member.Type = String.self
    ) -> RedisCommand<Set<Member>> {
        RedisCommand<Set<Member>>("SINTER", route: .bulk, least: 2, else: .answered(.nothing)) {
            $0.append(contentsOf: keys)
        }
    }

    /// Reads the members that are in all of these sets, named one by one.
    ///
    /// - Returns: The members; empty as soon as one key is missing.
    /// - Complexity: O(N*M) for M sets, the smallest of N members
    /// - Since: Redis 1.0.0
    @inlinable
    public static func sinter<Key: RedisArgument, Member: RedisDecodable & Hashable>(
        _ keys: Key..., as type: Member.Type = String.self
    ) -> RedisCommand<Set<Member>> {
        sinter(keys, as: type)
    }

    /// Reads the members that are in any of these sets.
    ///
    /// - Returns: The members, each once.
    /// - Complexity: O(N) for N members in all sets together
    /// - Since: Redis 1.0.0
    @inlinable
    public static func sunion<Key: RedisArgument, Member: RedisDecodable & Hashable>(
        _ keys: [Key], as type: Member.Type = String.self
    ) -> RedisCommand<Set<Member>> {
        RedisCommand<Set<Member>>("SUNION", route: .bulk, least: 2, else: .answered(.nothing)) {
            $0.append(contentsOf: keys)
        }
    }

    /// Reads the members that are in any of these sets, named one by one.
    ///
    /// - Returns: The members, each once.
    /// - Complexity: O(N) for N members in all sets together
    /// - Since: Redis 1.0.0
    @inlinable
    public static func sunion<Key: RedisArgument, Member: RedisDecodable & Hashable>(
        _ keys: Key..., as type: Member.Type = String.self
    ) -> RedisCommand<Set<Member>> {
        sunion(keys, as: type)
    }

    /// Reads the members of the first of these sets that are in none of the others.
    ///
    /// - Returns: The members.
    /// - Complexity: O(N) for N members in all sets together
    /// - Since: Redis 1.0.0
    @inlinable
    public static func sdiff<Key: RedisArgument, Member: RedisDecodable & Hashable>(
        _ keys: [Key], as type: Member.Type = String.self
    ) -> RedisCommand<Set<Member>> {
        RedisCommand<Set<Member>>("SDIFF", route: .bulk, least: 2, else: .answered(.nothing)) {
            $0.append(contentsOf: keys)
        }
    }

    /// Reads the members of the first of these sets, named one by one, that are in none of the others.
    ///
    /// - Returns: The members.
    /// - Complexity: O(N) for N members in all sets together
    /// - Since: Redis 1.0.0
    @inlinable
    public static func sdiff<Key: RedisArgument, Member: RedisDecodable & Hashable>(
        _ keys: Key..., as type: Member.Type = String.self
    ) -> RedisCommand<Set<Member>> {
        sdiff(keys, as: type)
    }
}
