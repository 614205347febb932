#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

import BulkheadNetworking

/// A place as a catalogue's file says it.
package enum WrittenPlace: Sendable, Hashable {
    case url(String)
    case sentinels([String], primary: String)
    case cluster([String])
}

extension DatabaseServer {
    /// What a file would say of it. Nil if a login, which is nobody's to print, or settings for TLS belong to it: only
    /// what reads back as this very server is given.
    package var written: WrittenPlace? {
        let scheme = hasTLS ? "rediss" : "redis"
        switch place {
        case .server(let endpoint):
            let url: String
            if case .unix(let path) = endpoint {
                var parts = URLComponents()
                (parts.scheme, parts.host, parts.path) = ("unix", "", path)
                url = parts.string ?? ""
            } else {
                url = "\(scheme)://\(endpoint)"
            }
            return (try? DatabaseServer(url: url)) == self ? .url(url) : nil
        case .sentinels(let group):
            let texts = group.sentinels.compactMap { sentinel in
                if case .url(let url)? = sentinel.written { url } else { nil }
            }
            let primary = hasTLS ? "rediss://\(group.name)" : group.name
            guard (try? DatabaseServer(sentinels: texts, primary: primary)) == self else { return nil }
            return .sentinels(texts, primary: primary)
        case .cluster(let servers):
            let texts = servers.map { hasTLS ? "rediss://\($0)" : "\($0)" }
            return (try? DatabaseServer(cluster: texts)) == self ? .cluster(texts) : nil
        }
    }
}
