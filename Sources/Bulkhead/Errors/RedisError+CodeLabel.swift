extension RedisError.Code {
    /// Whether a server said it: the first word of its error line. Others are this package's own.
    public var isOfServer: Bool { name.first?.isUppercase == true }

    /// The code fit for a label: scripts and modules may answer any word, and those that are not Redis's own are `ERR`.
    var label: RedisError.Code { isOfServer && !Self.ofRedis.contains(name) ? .serverError : self }

    /// What Redis and Valkey begin their error lines with, those of Sentinel and Cluster among them.
    private static let ofRedis: Set = [
        "ERR", "ASK", "BUSY", "BUSYGROUP", "BUSYKEY", "CLUSTERDOWN", "CROSSSLOT", "DENIED", "EXECABORT", "INPROG",
        "INVALIDOBJ", "IOERR", "LOADING", "MASTERDOWN", "MISCONF", "MOVED", "NOAUTH", "NOGOODSLAVE", "NOGROUP",
        "NOMASTERLINK", "NOPERM", "NOPROTO", "NOQUORUM", "NOREPLICAS", "NOSCRIPT", "NOTBUSY", "OOM", "READONLY",
        "REDIRECT", "TRYAGAIN", "UNBLOCKED", "UNKILLABLE", "WRONGPASS", "WRONGTYPE",
    ]
}
