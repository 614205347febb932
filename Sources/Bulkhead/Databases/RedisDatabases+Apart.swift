import BulkheadNetworking

// Connections apart from those that serve a name's commands.

extension RedisDatabases {
    /// How to connect to the server of that name, and to its primary behind sentinels.
    func connectionSettings(of name: DatabaseName) throws(RedisError) -> ConnectionSettings {
        let entry = try catalogue[name]
        var place = configuration.forDatabase(catalogue.owner(of: entry))
        if place.credentials != nil { place.credentialSource = credentialSources[place.endpoint] }
        var settings = place.connectionSettings(forNumber: entry.number)
        if let watch = watches[place.endpoint] { settings.follow(watch) }
        return settings
    }

    /// How long the certificate of that name's server is valid from now on; nil without TLS. Connects for it, on a
    /// connection of its own, and blocks its thread meanwhile.
    package func certificateLife(of name: DatabaseName) throws(RedisError) -> Duration? {
        let settings = try connectionSettings(of: name)
        do throws(ConnectionFailure) {
            return try settings.certificateLife(until: .now + settings.connectTimeout)
        } catch {
            throw RedisError(error).at(name, "the TLS handshake")
        }
    }
}
