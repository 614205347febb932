/// What a cache keeps, and for how long; see ``RedisDatabase/cached(within:)``.
public struct RedisCacheLimits: Sendable, Hashable {
    /// Bytes of memory that entries take, estimated: keys, commands, replies, and 300 bytes for each entry. Default
    /// 64 MiB. Past it those go that were not read for the longest time. A reply that is larger alone is not kept.
    ///
    /// In a cluster each primary has an equal part of it, and a reply must fit in that. The parts are made anew when
    /// the number of primaries changes.
    public var maximumBytes = 64 << 20
    /// How long a reply is kept if nothing invalidates it. Default five minutes. One whose key expires earlier goes
    /// then.
    public var maximumAge: Duration = .seconds(300)
    /// How far a kept reply may lag behind the server where nothing arrives from it. Default two seconds, at least
    /// 20 ms.
    ///
    /// The server is asked twice in such a time, and answers with its counts of commands, at most about 20 KiB. Nothing
    /// that is kept is returned unless such an answer has come in time. It is also how a cache learns of SWAPDB, of
    /// which the server does not tell.
    public var maximumSilence: Duration = .seconds(2)

    /// The defaults.
    public init() {}

    func check() throws(RedisError) {
        let problem: String? =
            if maximumBytes < 0 {
                "maximumBytes is below zero"
            } else if maximumAge <= .zero {
                "maximumAge is not above zero"
            } else if maximumSilence < .milliseconds(20) {
                "maximumSilence is below 20 ms"
            } else {
                nil
            }
        if let problem { throw RedisError(.invalidArgument, "a cache's \(problem)", stage: .refused) }
    }
}
