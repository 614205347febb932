extension RDBVersion {
    /// Whether `RESTORE` on a server that writes `server` takes a payload whose footer has this version. Whether it
    /// knows the payload's type is another question (``oldestVersion(of:)``).
    ///
    /// | Server | takes |
    /// |---|---|
    /// | Redis | its own number and smaller ones, so none of Valkey's |
    /// | Valkey | its own number and smaller ones, but not 12 to 79, which are Redis's of 7.4 and newer |
    ///
    /// With `rdb-version-check relaxed` Valkey 9.0 and newer take every number, and 8.1 all but 12 to 79 still, as
    /// seen on 8.1.8 and 9.1.2; types they do not know they refuse all the same.
    /// Source: `verifyDumpPayload` in `src/cluster.c` of both.
    package func canBeRestored(on server: RDBVersion, relaxed: Bool = false) -> Bool {
        guard server.flavour == .valkey else { return number <= server.number }
        if Self.foreignToValkey.contains(number) { return relaxed && server.number >= Self.firstOfValkeyAlone }
        return number <= server.number || relaxed
    }

    /// The number of Valkey 9.0, the first that Redis never had.
    private static let firstOfValkeyAlone = 80

    /// Numbers that Valkey leaves to Redis (`RDB_FOREIGN_VERSION_MIN` and `MAX`).
    private static let foreignToValkey = 12...79

    /// The smallest version whose servers know the type, in this version's family; `nil` for one that is not known.
    ///
    /// | Type | Version | First in |
    /// |---|---|---|
    /// | 0–5, 9–14 | 8 | Redis 4.0 and older: as far as lengths of 64 bits go back |
    /// | 7 module | 8 | Redis 4.0 |
    /// | 15 stream | 9 | Redis 5.0 |
    /// | 16–19 listpacks, quicklist 2, stream 2 | 10 | Redis 7.0 |
    /// | 20, 21 set in a listpack, stream 3 | 11 | Redis 7.2, Valkey 7.2 |
    /// | 22–25 hashes with times | 12 | Redis 7.4 |
    /// | 26 stream 4 | 13 | Redis 8.6 |
    /// | 27 stream 5, 28 array | 14 | Redis 8.8 |
    /// | 29, 31 hashes with names apart | 15 | Redis 8.10 |
    /// | 22 hash with times | 80 | Valkey 9.0 |
    ///
    /// Writing it in a footer is sound because the servers look at the number and then read by type alone. It is not
    /// for modules: what stands in one is the module's affair, which must be there on the server and know the
    /// encoding; vector sets came with Redis 8.0, whose number is 12 as that of 7.4. Nor does it help where a type's
    /// number has another meaning in the other family: 22 and 23 are never carried across.
    package func oldestVersion(of type: RDBType) -> RDBVersion? {
        switch (type.rawValue, flavour) {
        case (0...5, _), (7, _), (9...14, _): RDBVersion(.redis, 8)
        case (15, _): RDBVersion(.redis, 9)
        case (16...19, _): RDBVersion(.redis, 10)
        case (20...21, _): RDBVersion(.redis, 11)
        case (22...25, .redis): RDBVersion(.redis, 12)
        case (26, .redis): RDBVersion(.redis, 13)
        case (27...28, .redis): RDBVersion(.redis, 14)
        case (29, .redis), (31, .redis): RDBVersion(.redis, 15)
        case (22, .valkey): RDBVersion(.valkey, 80)
        default: nil
        }
    }
}

extension DumpPayload {
    /// The same value for a server that writes `server`: with the smallest version that knows its type.
    ///
    /// So a string of Redis 8.2 goes to Redis 7.0 and to Valkey. Throws ``RDBViolation`` of kind `unknown-type` where
    /// that server does not know the type; the value can then be brought there by commands alone. A module value
    /// passes, and the server still refuses it if it lacks the module.
    package func forServer(_ server: RDBVersion) throws(RDBViolation) -> DumpPayload {
        guard let oldest = version.oldestVersion(of: type) else {
            throw RDBViolation(.unknownType, at: 0, "the type \(type.rawValue) is not known, so it stays as it is")
        }
        guard oldest.canBeRestored(on: server) else {
            throw RDBViolation(
                .unknownType, at: 0,
                "the type \(type.rawValue) needs \(oldest), and the server reads \(server)")
        }
        return DumpPayload(type: type, body: body, version: oldest)
    }
}
