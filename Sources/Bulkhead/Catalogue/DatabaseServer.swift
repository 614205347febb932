#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

import BulkheadNetworking

/// Where a name lives if not on the server of all others: a server by its URL, or the primary that sentinels watch; and
/// the login there.
///
/// Printing one shows the address, and neither user nor password. A catalogue takes two for one server if they are
/// written alike: `localhost` and `127.0.0.1`, or a port and a socket, are two, and names on them may share a number
/// unseen. The program `bulkhead` takes `localhost` for `127.0.0.1`, and two paths that lead to one socket for one.
public struct DatabaseServer: Sendable, Hashable {
    let place: DatabasePlace
    let username: String?
    private let secret: String?
    /// Nil is without.
    private let tls: RedisTLS?
    /// The URL has settings for it.
    private let hasTLSSettings: Bool

    /// Reads a URL as ``RedisConfiguration/init(url:)`` does, but one without parameters other than those for TLS: time
    /// limits, protocol and client name are those of the configuration, and limits of a single name stand in its
    /// ``DatabaseBudget``.
    ///
    /// `rediss://` without parameters takes the configuration's ``RedisConfiguration/tls``, but for the server's name,
    /// or the defaults where that is nil; one with parameters takes nothing else.
    ///
    /// Throws `invalid-configuration`.
    public init(url: String) throws(RedisError) {
        let configuration = try RedisConfiguration(url: url)
        let parameters = URLComponents(string: ConfigurationText.trimmed(url))?.queryItems ?? []
        guard parameters.allSatisfy({ RedisTLS.Setting(parameter: $0.name) != nil }) else {
            throw RedisError(
                .invalidConfiguration,
                "the Redis URL of a single name has parameters (?…): put limits into its budget, and what holds for "
                    + "all names into the configuration")
        }
        place = configuration.place
        username = configuration.username
        secret = configuration.password?.text
        tls = configuration.tls
        hasTLSSettings = !parameters.isEmpty
    }

    /// Another place with the same login and TLS.
    init(_ place: DatabasePlace, as server: DatabaseServer) {
        self.place = place
        username = server.username
        secret = server.secret
        tls = server.tls
        hasTLSSettings = server.hasTLSSettings
    }

    /// The settings of a connection to it, with what it takes from the configuration's.
    func tls(inheriting inherited: RedisTLS?) -> RedisTLS? {
        guard tls != nil, !hasTLSSettings, var inherited else { return tls }
        inherited.serverName = nil
        return inherited
    }

    var hasTLS: Bool { tls != nil }

    var endpoint: Endpoint { place.endpoint }

    /// Where the server listens, or who knows that, as it stands in error messages.
    public var address: String { endpoint.description }

    var password: RedisPassword? { secret.map { RedisPassword($0) } }

    /// Whether the configuration's login is the one for this server.
    package func hasLogin(of configuration: RedisConfiguration) -> Bool {
        username == configuration.username && secret == configuration.password?.text
    }

    /// Whether the configuration's settings of TLS are those of connections to this server.
    package func hasTLS(of configuration: RedisConfiguration) -> Bool {
        var (own, others) = (tls(inheriting: configuration.tls), configuration.tls)
        // A server's name is not inherited.
        if !hasTLSSettings {
            own?.serverName = nil
            others?.serverName = nil
        }
        return own == others
    }
}

extension DatabaseServer: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { address }
    public var debugDescription: String { address }
    public var customMirror: Mirror { Mirror(self, children: ["address": address]) }
}
