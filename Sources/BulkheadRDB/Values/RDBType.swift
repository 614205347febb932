/// The byte before a key that says how its value is written.
///
/// 22 and 23 mean other things in each family of servers. Source: `src/rdb.h` of Redis and of Valkey.
package struct RDBType: RawRepresentable, Sendable, Hashable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    private init(_ rawValue: UInt8) { self.rawValue = rawValue }

    package static let string = RDBType(0)
    package static let list = RDBType(1)
    package static let set = RDBType(2)
    /// Scores as text.
    package static let sortedSet = RDBType(3)
    package static let hash = RDBType(4)
    /// Scores as doubles.
    package static let sortedSet2 = RDBType(5)
    /// Of the release candidates of Redis 4.0. Its end cannot be found without the module.
    package static let moduleBefore4 = RDBType(6)
    package static let module2 = RDBType(7)
    package static let hashZipmap = RDBType(9)
    package static let listZiplist = RDBType(10)
    package static let setIntset = RDBType(11)
    package static let sortedSetZiplist = RDBType(12)
    package static let hashZiplist = RDBType(13)
    package static let listQuicklist = RDBType(14)
    package static let stream = RDBType(15)
    package static let hashListpack = RDBType(16)
    package static let sortedSetListpack = RDBType(17)
    package static let listQuicklist2 = RDBType(18)
    package static let stream2 = RDBType(19)
    package static let setListpack = RDBType(20)
    package static let stream3 = RDBType(21)
    /// Redis: of the release candidates of 7.4, with absolute times.
    package static let hashMetadataBefore74 = RDBType(22)
    /// Redis: of the release candidates of 7.4, without the earliest time.
    package static let hashListpackBefore74 = RDBType(23)
    /// Valkey 9.0: fields with times; the number that Redis uses otherwise.
    package static let valkeyHash2 = RDBType(22)
    package static let hashMetadata = RDBType(24)
    package static let hashListpackEx = RDBType(25)
    /// Redis 8.6: with what producers have added.
    package static let stream4 = RDBType(26)
    /// Redis 8.8: with what was given back to a group.
    package static let stream5 = RDBType(27)
    package static let array = RDBType(28)
    /// Redis 8.10: hashes with the names of their fields before the values, or in a template of the file.
    package static let hashTemplateListpack = RDBType(29)
    package static let hashTemplateListpackReference = RDBType(30)
    package static let hashTemplateArray = RDBType(31)
    package static let hashTemplateArrayReference = RDBType(32)
}
