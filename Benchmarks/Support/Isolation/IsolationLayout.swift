/// Where the cache and the vectors live while the cache is measured, and at which pace the vectors are read.
package enum IsolationLayout: String, Sendable, CaseIterable, Encodable {
    /// Nothing is scanned: what the others are compared with.
    case idle
    /// The cache and the vectors in one database, and all commands over one connection.
    case oneConnection = "one connection"
    /// The cache and the vectors in one database of one client: scans take its bulk lane, GETs its shared one.
    case lanes = "lanes of one name"
    /// The cache and the vectors in one database, each side with connections of its own.
    case oneDatabase = "one database"
    /// The cache in `main` and the vectors in `knowledge`, on one server.
    case namedDatabases = "named databases"
    /// The same with a considerate scan.
    case considerate = "considerate scan"
    /// The same with a gentle scan.
    case gentle = "gentle scan"
    /// The vectors are read from a replica of the server.
    case replica = "scanned replica"
    /// The cache in `main` on one server and the vectors in `knowledge` on another.
    case separateServers = "separate servers"
    /// The same with a considerate scan.
    case separateConsiderate = "separate, paced"
    /// A cluster of one primary that owns all slots.
    case cluster

    /// As it stands in the table.
    package var name: String { rawValue }

    /// As it stands on a command line.
    package var word: String { IsolationLayout.word(of: rawValue) }

    static func word(of name: String) -> String {
        String(name.lowercased().filter { $0 != "," }.map { $0 == " " ? "-" : $0 })
    }

    /// For help.
    package var meaning: String {
        switch self {
        case .idle: "nothing is scanned: what the others are compared with"
        case .oneConnection:
            "cache and vectors in one database, scans and GETs over one connection: known to be bad, to show that the "
                + "run can see harm"
        case .lanes: "cache and vectors in one database of one client, which gives scans a connection of their own"
        case .oneDatabase: "cache and vectors in one database, each side with connections of its own"
        case .namedDatabases: "the cache in main and the vectors in knowledge, on one server: what the verdict is about"
        case .considerate: "the same with a scan of the pace considerate"
        case .gentle: "the same with a scan of the pace gentle"
        case .replica: "the vectors are read from a replica of the server"
        case .separateServers: "main on one server, knowledge on another"
        case .separateConsiderate: "the same with a scan of the pace considerate"
        case .cluster: "all in a cluster of one primary"
        }
    }

    /// Whether vectors are scanned while the cache is measured.
    package var isScanned: Bool { self != .idle }

    /// How far from idle it is expected to be.
    var distance: Int {
        switch self {
        case .idle: 0
        case .considerate, .gentle, .separateConsiderate: 1
        default: 2
        }
    }

    /// Whether scan and cache have servers of their own.
    package var isApart: Bool { self == .replica || self == .separateServers || self == .separateConsiderate }
}

/// What is done with the vectors meanwhile.
package enum IsolationNoise: String, Sendable, CaseIterable, Encodable {
    /// SCAN, and HMGET of each vector with what LlamaIndex keeps beside it.
    case vectors = "SCAN+HMGET"
    case scan10 = "SCAN 10"
    case scan100 = "SCAN 100"
    case scan1000 = "SCAN 1000"
    case scan10000 = "SCAN 10000"
    /// SCAN, and MGET of vectors kept as strings.
    case mget = "SCAN+MGET"
    /// HGET of the vectors alone, in pipelines.
    case hget = "HGET"
    case keys = "KEYS"
    /// The nearest neighbours in a vector set; Redis 8.
    case vsim = "VSIM"
    /// DUMP in pipelines: a backup.
    case dump = "DUMP"
    /// DUMP and RESTORE in pipelines: a migration into another database.
    case migration = "DUMP+RESTORE"
    /// A snapshot over the wire, again and again: a backup.
    case sync = "SYNC"

    package var name: String { rawValue }

    /// As it stands on a command line.
    package var word: String { IsolationLayout.word(of: rawValue) }

    /// For help.
    package var meaning: String {
        switch self {
        case .vectors: "SCAN, and HMGET of all fields of each vector"
        case .scan10, .scan100, .scan1000, .scan10000: "SCAN alone, with COUNT \(scanCount ?? 0)"
        case .mget: "SCAN, and MGET of vectors that are kept as strings"
        case .hget: "HGET of the vectors alone, in pipelines"
        case .keys: "KEYS, which looks at every key at once"
        case .vsim: "VSIM, the nearest neighbours in a vector set; Redis 8"
        case .dump: "DUMP in pipelines, as a backup does"
        case .migration: "DUMP and RESTORE in pipelines, as a migration does"
        case .sync: "SYNC, a snapshot over the wire again and again"
        }
    }

    /// What is counted.
    package var unit: String {
        switch self {
        case .vectors, .mget, .hget, .dump, .migration: "vectors"
        case .scan10, .scan100, .scan1000, .scan10000, .keys: "keys"
        case .vsim: "queries"
        case .sync: "bytes"
        }
    }

    /// What its caller waits for at once, and what is timed: a slice is a pipeline of COUNT keys at most (of a scan of
    /// vectors with the page of keys and the pause of the pace where one comes before it, of a migration the DUMPs and
    /// then the RESTOREs), a page one SCAN (and its MGET), a snapshot one SYNC to its end.
    package var step: String {
        switch self {
        case .vectors, .hget, .dump, .migration: "slice"
        case .scan10, .scan100, .scan1000, .scan10000, .mget: "page"
        case .keys, .vsim: "command"
        case .sync: "snapshot"
        }
    }

    /// COUNT of those that scan keys alone.
    package var scanCount: Int? {
        switch self {
        case .scan10: 10
        case .scan100: 100
        case .scan1000: 1_000
        case .scan10000: 10_000
        default: nil
        }
    }
}

/// One line of the table: where, with which noise, and at which rate of GETs.
package struct IsolationCase: Sendable, Hashable, Encodable {
    package let layout: IsolationLayout
    package let noise: IsolationNoise
    /// GETs a second; nil is that of the settings.
    package let rate: Double?

    package init(_ layout: IsolationLayout, noise: IsolationNoise = .vectors, rate: Double? = nil) {
        self.layout = layout
        self.noise = noise
        self.rate = rate
    }

    /// What it is compared with.
    package var idle: IsolationCase { IsolationCase(.idle, rate: rate) }

    package var name: String {
        let work =
            noise == .vectors ? layout.name : layout == .namedDatabases ? noise.name : "\(layout.name), \(noise.name)"
        return work + (rate.map { ", \(Units.rate(perSecond: $0))" } ?? "")
    }
}

extension IsolationCase: Comparable {
    /// As they stand in a report: the usual rate first, the scan of vectors before other noises.
    package static func < (left: Self, right: Self) -> Bool { left.place.lexicographicallyPrecedes(right.place) }

    private var place: [Double] {
        [
            rate ?? 0, Double(IsolationNoise.allCases.firstIndex(of: noise) ?? 0),
            Double(IsolationLayout.allCases.firstIndex(of: layout) ?? 0),
        ]
    }
}
