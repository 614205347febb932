import BulkheadNetworking

extension DatabaseServer {
    /// The servers of a cluster.
    ///
    /// ```swift
    /// try DatabaseServer(cluster: ["a.internal:6379", "b.internal:6379"])
    /// try DatabaseServer(cluster: ["rediss://app:secret@a.internal:6380", "rediss://app:secret@b.internal:6380"])
    /// ```
    /// `servers` are some or all of the cluster's servers, in any order: each is a host with or without a port (6379),
    /// or a URL as ``init(url:)`` takes it. All of them have the same login and the same TLS, which are those of every
    /// server of the cluster; each server's certificate is checked for its own name. A name with a number other than 0
    /// needs a cluster with numbered databases (Valkey 9, `cluster-databases`).
    ///
    /// Throws `invalid-configuration`. Nothing is asked before the first command.
    public init(cluster servers: [String]) throws(RedisError) {
        func refuse(_ message: String) -> RedisError { RedisError(.invalidConfiguration, message) }
        var seeds: [DatabaseServer] = []
        for text in servers {
            let server = try DatabaseServer(url: Self.url(text, port: 6379))
            guard case .server(let endpoint) = server.place, endpoint.port != nil else {
                throw refuse("a server of a cluster listens on TCP: write it as host:port")
            }
            guard seeds.allSatisfy({ $0.endpoint != endpoint }) else {
                throw refuse("the server \(server) of the cluster is listed twice")
            }
            seeds.append(server)
        }
        guard let first = seeds.first else {
            throw refuse("a cluster has no servers: list at least one, as in \"a.internal:6379\"")
        }
        let place = DatabasePlace.cluster(seeds.map(\.endpoint))
        let all = DatabaseServer(place, as: first)
        guard seeds.allSatisfy({ DatabaseServer(place, as: $0) == all }) else {
            throw refuse("the servers of a cluster have one login and the same TLS: write them alike in every URL")
        }
        self = all
    }
}
