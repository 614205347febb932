/// What a reader accepts before it calls its input a violation.
///
/// Nothing here reserves memory: a value streams through whatever its size, and a string that must be whole is
/// collected as it arrives. A length above its limit is most likely no length at all, so it is refused where it
/// stands rather than found missing at the end of the file.
///
/// | Limit | Default | Reason |
/// |---|---|---|
/// | ``keyBytes`` | 512 MiB | the servers' own `proto-max-bulk-len`, which bounds what a client can name a key |
/// | ``stringBytes`` | 16 GiB | an operator may raise `proto-max-bulk-len`; nobody holds one string of this size |
/// | ``elements`` | 4,294,967,296 | of one collection; more do not fit the memory of a server |
/// | ``moduleBytes`` | 16 MiB | what a filter holds back; RediSearch keeps definitions of indexes so, some KiB each |
/// | ``database`` | 1,048,575 | the highest number; `databases` is 16 by default, and a server allocates each |
package struct RDBLimits: Sendable, Hashable {
    /// Bytes of a key, or of the name or the value of an AUX field, compressed or not: these are held whole.
    package var keyBytes: Int
    /// Bytes of any other string, compressed or not.
    package var stringBytes: Int
    /// What a collection, or a part of a stream, may say it has.
    package var elements: Int
    /// Bytes of modules' data that belongs to no key, held back until a key of theirs is kept.
    package var moduleBytes: Int
    /// The highest number of a database.
    package var database: Int

    package init(
        keyBytes: Int = 512 << 20,
        stringBytes: Int = 16 << 30,
        elements: Int = 1 << 32,
        moduleBytes: Int = 16 << 20,
        database: Int = (1 << 20) - 1
    ) {
        self.keyBytes = keyBytes
        self.stringBytes = stringBytes
        self.elements = elements
        self.moduleBytes = moduleBytes
        self.database = database
    }
}
