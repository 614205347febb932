/// One database of a catalogue.
public struct DatabaseEntry: Sendable, Hashable {
    /// What programs and tools call it by; unique in its catalogue.
    public var name: DatabaseName
    /// The number that SELECT takes; servers have 16 unless configured otherwise.
    public var number: Int
    /// What it is for, in a sentence, for people and reports.
    public var purpose: String
    /// Patterns, as SCAN's MATCH takes them, of the keys that belong here.
    public var keyPatterns: [String]
    /// False protects it: `flushdb()` is refused.
    public var mayBeFlushed: Bool
    /// The name whose number this one shares on purpose.
    public var aliasOf: DatabaseName?
    /// The server it lives on; nil is the configuration's. An alias lives where its target does.
    public var server: DatabaseServer?
    /// Which servers answer its reads.
    public var reads: RedisReads
    /// Other servers that hold a copy of its data; empty is none.
    public var copies: RedisCopies
    /// Limits of its own. An alias shares its target's.
    public var budget = DatabaseBudget()

    /// One entry; whether it fits beside others is the catalogue's to say.
    public init(
        _ name: DatabaseName,
        number: Int,
        purpose: String = "",
        keyPatterns: [String] = [],
        mayBeFlushed: Bool = false,
        aliasOf: DatabaseName? = nil,
        server: DatabaseServer? = nil,
        reads: RedisReads = .primary,
        copies: RedisCopies = RedisCopies(),
        budget: DatabaseBudget = DatabaseBudget()
    ) {
        self.name = name
        self.number = number
        self.purpose = purpose
        self.keyPatterns = keyPatterns
        self.mayBeFlushed = mayBeFlushed
        self.aliasOf = aliasOf
        self.server = server
        self.reads = reads
        self.copies = copies
        self.budget = budget
    }
}
