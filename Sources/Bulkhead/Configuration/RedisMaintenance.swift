import BulkheadNetworking

/// How a managed server is asked to announce its maintenance; see <doc:ManagedServers>.
public struct RedisMaintenance: Sendable, Hashable {
    /// By what a server names the place that its database moves to. Servers know more kinds than one program can reach.
    public struct EndpointKind: Sendable, Hashable {
        let word: String

        /// An address inside of the server's network.
        public static let internalAddress = EndpointKind(word: "internal-ip")
        /// A name inside of it.
        public static let internalName = EndpointKind(word: "internal-fqdn")
        /// An address that is reached from everywhere.
        public static let externalAddress = EndpointKind(word: "external-ip")
        /// A name that is; with TLS the certificate is checked for it.
        public static let externalName = EndpointKind(word: "external-fqdn")
        /// None: the name that connections use leads to the new place.
        public static let sameName = EndpointKind(word: "none")
    }

    /// By what the server names a new place. Default ``EndpointKind/externalName``.
    public var endpointKind = EndpointKind.externalName
    /// How much longer a call may take that begins while the server announces late answers. Default 10 s.
    public var extraTime: Duration = .seconds(10)

    /// The defaults.
    public init() {}

    func makeWatch(ofCluster: Bool = false) -> MaintenanceWatch {
        MaintenanceWatch(asking: endpointKind.word, extraTime: extraTime, isOfCluster: ofCluster)
    }
}
