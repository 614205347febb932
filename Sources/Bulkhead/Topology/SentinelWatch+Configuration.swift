import BulkheadNetworking

extension SentinelWatch {
    /// For a group of a catalogue; what is not said there holds as for every other connection.
    convenience init(_ group: SentinelGroup, _ configuration: RedisConfiguration) {
        self.init(
            group: group.name,
            sentinels: group.sentinels.map { sentinel in
                configuration.at(sentinel).connectionSettings(forNumber: 0)
            })
    }
}

extension ConnectionSettings {
    /// Has connections lead to the group's primary, and to nothing else.
    mutating func follow(_ watch: SentinelWatch) {
        role = .primary
        primary = watch
    }
}
