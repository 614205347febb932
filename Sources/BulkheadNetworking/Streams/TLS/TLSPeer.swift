import Synchronization

/// TLS with one server: the settings, the name it must prove, and the context that all connections to it share.
package final class TLSPeer: Sendable {
    package let settings: TLSSettings
    /// The host of the endpoint; the settings may name another name.
    private let host: String
    private let made = Mutex<Made?>(nil)

    /// A context, and what the files were that it was made of.
    private struct Made {
        let context: TLSContext
        let stamps: [FileStamp?]
    }

    private init(_ settings: TLSSettings, host: String) {
        self.settings = settings
        self.host = host
    }

    /// The peer for these settings and this server; everybody who asks while one is in use gets the same.
    package static func shared(_ settings: TLSSettings, _ endpoint: Endpoint) -> TLSPeer {
        let key = Key(settings: settings, endpoint: endpoint)
        return peers.withLock { peers in
            if let peer = peers[key]?.peer { return peer }
            peers = peers.filter { $0.value.peer != nil }
            let host = if case .tcp(let host, _) = endpoint { host } else { "" }
            let peer = TLSPeer(settings, host: host)
            peers[key] = Reference(peer: peer)
            return peer
        }
    }

    private struct Key: Hashable {
        let settings: TLSSettings
        let endpoint: Endpoint
    }

    private struct Reference {
        weak var peer: TLSPeer?
    }

    private static let peers = Mutex<[Key: Reference]>([:])

    /// What the certificate must be issued for, and is sent to the server; empty if nobody has said.
    var name: String {
        let name = settings.serverName ?? host
        // The dot that ends a full name in the DNS is no part of a certificate's.
        return name.hasSuffix(".") ? String(name.dropLast()) : name
    }

    /// Reads the files of the settings, before anything is sent.
    func prepare() throws(ConnectionFailure) { _ = try context() }

    /// The context, made anew when a file that it was made of has changed: certificates are renewed while programs run.
    func context() throws(ConnectionFailure) -> TLSContext {
        try made.withLock { made throws(ConnectionFailure) in
            let stamps = settings.files.map { FileStamp(path: $0) }
            if let made, made.stamps == stamps { return made.context }
            do throws(ConnectionFailure) {
                let context = try TLSContext(settings)
                made = Made(context: context, stamps: stamps)
                return context
            } catch {
                // Files that are being replaced may not fit each other for a moment.
                if let made { return made.context }
                throw error
            }
        }
    }
}
