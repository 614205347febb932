import BulkheadNetworking

extension RedisConfiguration {
    /// This package's version, as servers learn it in the handshake: MAJOR.MINOR.PATCH.
    package static var libraryVersion: String { LibraryVersion.number }
}
