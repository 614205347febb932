#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

import BulkheadNetworking

extension DatabaseServer {
    /// The primary of a group of servers, wherever its sentinels say that it is.
    ///
    /// ```swift
    /// try DatabaseServer(sentinels: ["sentinel-a:26379", "sentinel-b:26379"], primary: "mymaster")
    /// try DatabaseServer(sentinels: ["redis://:secret@sentinel-a:26379"], primary: "rediss://app:secret@mymaster")
    /// ```
    /// `sentinels` are some or all of those that watch the group, in any order: each is a host with or without a port
    /// (26379), or a URL with the login and the TLS of that sentinel. `primary` is the name under which they watch the
    /// group, or a URL whose host is that name, with the login and the TLS of the group's servers. URLs are as
    /// ``init(url:)`` takes them.
    ///
    /// Throws `invalid-configuration`. Nothing is asked before the first command.
    public init(sentinels: [String], primary: String) throws(RedisError) {
        func refuse(_ message: String) -> RedisError { RedisError(.invalidConfiguration, message) }
        guard !sentinels.isEmpty else {
            throw refuse("a group has no sentinels: list at least one, as in \"sentinel-a:26379\"")
        }
        var watching: [DatabaseServer] = []
        for text in sentinels {
            let sentinel = try DatabaseServer(url: Self.url(text, port: 26_379))
            guard !watching.contains(where: { $0.endpoint == sentinel.endpoint }) else {
                throw refuse("the sentinel \(sentinel) is listed twice")
            }
            watching.append(sentinel)
        }
        let servers = try DatabaseServer(url: Self.url(primary, port: nil))
        let name = servers.endpoint.address
        guard servers.endpoint.port != nil, Self.port(of: primary) == nil, Self.isGroupName(name) else {
            throw refuse(
                "the primary is the name under which sentinels watch it, such as mymaster, or a URL with that name in "
                    + "the host's place and no port, such as redis://user:password@mymaster")
        }
        self.init(.sentinels(SentinelGroup(name: name, sentinels: watching)), as: servers)
    }

    /// A URL; a host alone, and a URL without a port, get that port.
    private static func url(_ text: String, port: Int?) -> String {
        let text = ConfigurationText.trimmed(text)
        let url = text.contains("://") ? text : "redis://\(text)"
        guard let port, var parts = URLComponents(string: url), parts.port == nil, parts.host?.isEmpty == false else {
            return url
        }
        parts.port = port
        return parts.string ?? url
    }

    private static func port(of text: String) -> Int? { URLComponents(string: url(text, port: nil))?.port }

    /// What a sentinel accepts as one.
    private static func isGroupName(_ name: String) -> Bool {
        name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_-.".contains($0)) }
    }
}
