import BulkheadNetworking

extension RedisDatabase {
    /// True if the name lives in a cluster, each of whose primaries has a part of its keys.
    package var isInCluster: Bool { binding.topology.cluster != nil }

    /// The name at each primary of its cluster, in the order of their slots, by a map that is asked for now; elsewhere
    /// the name itself.
    ///
    /// Commands to a part go to that server, wherever their keys are: MOVED comes to the caller. Throws where no server
    /// of the cluster says its map.
    package func parts() async throws(RedisError) -> [RedisDatabase] {
        guard let cluster = binding.topology.cluster else { return [self] }
        do throws(ConnectionFailure) {
            if let failure = await cluster.refresh(until: Deadline(after: timeout)) { throw failure }
            return (try cluster.primaries() ?? []).map { RedisDatabase(binding.part(at: $0), timeout: timeout) }
        } catch {
            throw RedisError(error).at(name)
        }
    }
}

extension DatabaseBinding {
    /// The name at one server of its cluster.
    func part(at server: ClusterServer) -> DatabaseBinding {
        DatabaseBinding(
            entry, at: server.endpoint.description, .fixed(server.node), subscriptions, caching, flushRules,
            retryPolicy, monitor, scanPace, searchPlace)
    }
}
