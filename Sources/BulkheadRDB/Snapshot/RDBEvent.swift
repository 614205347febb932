/// What a reader has come to. Bytes in it are lent until the reader's next step.
package enum RDBEvent {
    /// The beginning of the file.
    case header(RDBVersion)
    /// A field about the server or the file, such as `redis-ver` or `repl-offset`.
    case aux(RDBAux)
    /// A library of functions begins; its record is this byte and what the `body` events give.
    case function(RDBSection)
    /// Data of a module that belongs to no key begins; its record is this head and what the `body` events give.
    case moduleAux(RDBModuleID, RDBSection)
    /// A hash template begins: the names of fields that hashes of this file have in common; its record is this head and
    /// what the `body` events give.
    case hashTemplate(RDBSection)
    /// The keys that follow are of this database.
    case selectDatabase(Int)
    /// How many keys the database has, and how many of them expire: a hint to who loads it.
    case resizeDatabase(keys: Int, expires: Int)
    /// How many keys a slot of a cluster has: a hint, too.
    case slotInfo
    /// A slot of a cluster that is being imported (Valkey 9.0); `body` events follow.
    case slotImport(RDBSection)
    /// A key begins; its record is this head and what the `body` events give.
    case entry(RDBEntry)
    /// The next bytes of the value, or of whatever has a body and began last, as they are in the file: as many as
    /// have arrived. The last ones, and only they, say so.
    case body(UnsafeRawBufferPointer, isLast: Bool)
    /// The end of the file. A wrong checksum is thrown by the next call, so that nobody misses it.
    case end(RDBChecksum)
}

/// An AUX field.
package struct RDBAux {
    package let name: UnsafeRawBufferPointer
    package let value: UnsafeRawBufferPointer
    /// The whole record as it is in the file.
    package let record: UnsafeRawBufferPointer
}

/// The beginning of a record that is no key.
package struct RDBSection {
    /// The bytes of the record before its body, as they are in the file.
    package let head: UnsafeRawBufferPointer
}

/// A key and what stands before its value.
package struct RDBEntry {
    package let type: RDBType
    package let kind: RDBKind
    /// The type of a module's value; nil for others.
    package let module: RDBModuleID?
    /// The key itself, decompressed.
    package let key: UnsafeRawBufferPointer
    /// When it expires, in milliseconds since 1970; nil for never.
    package let expiry: Int64?
    /// Seconds since it was used, where the server evicts by LRU.
    package let idle: Int?
    /// The logarithmic counter of its uses, where the server evicts by LFU.
    package let frequency: UInt8?
    /// Whether modules have attached something to the key; it stands in ``head``.
    package let hasMetadata: Bool
    /// The bytes of the record up to and with the key, as they are in the file.
    package let head: UnsafeRawBufferPointer
}

/// What the last eight bytes say about all before them.
package enum RDBChecksum: String, Sendable, Hashable {
    case right = "ok"
    /// The server does not write one (`rdbchecksum no`).
    case absent
    case wrong = "bad"
}
