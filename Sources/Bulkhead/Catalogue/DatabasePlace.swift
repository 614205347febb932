import BulkheadNetworking

/// The ways in which a name's server is found.
indirect enum DatabasePlace: Sendable, Hashable {
    /// It listens at one address for ever.
    case server(Endpoint)
    /// It is whichever server of a group is the primary.
    case sentinels(SentinelGroup)

    /// What it is called in errors, and known by where names share something.
    var endpoint: Endpoint {
        switch self {
        case .server(let endpoint): endpoint
        case .sentinels(let group): group.endpoint
        }
    }
}

/// A primary and its replicas, by the name that sentinels watch them under.
struct SentinelGroup: Sendable, Hashable {
    let name: String
    /// Each with its own login and TLS.
    let sentinels: [DatabaseServer]

    var endpoint: Endpoint { .primary(group: name, sentinels: sentinels.map(\.endpoint)) }
}
