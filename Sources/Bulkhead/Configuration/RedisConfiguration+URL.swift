#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension RedisConfiguration {
    /// Reads a URL, as many services keep it in one setting.
    ///
    /// ```
    /// redis://[user[:password]@]host[:port][?parameters]
    /// rediss://…                                          the same over TLS
    /// redis://:password@host                              the default user
    /// unix://[user[:password]@]/path/of/redis.sock[?parameters]
    /// ```
    /// | Parameter | Meaning | Default |
    /// |---|---|---|
    /// | `client_name` | shown in CLIENT LIST | none |
    /// | `protocol` | 2 or 3 | 3 |
    /// | `connect_timeout` | seconds, fractions allowed, from a millisecond to a day | 5 |
    /// | `command_timeout` | the same | 10 |
    /// | `lease_timeout` | the same | 5 |
    /// | `keep_alive` | the same: silence before a PING | none |
    /// | `max_idle_time` | the same: how long a connection may be unused | none |
    /// | `max_age` | the same: how long a connection may live | none |
    /// | `max_leases` | connections of their own for each database | 8 |
    /// | `max_waiters` | callers that may queue for one | 1024 |
    ///
    /// Parameters of `rediss://`, for ``RedisTLS``; `tls_ca_file` and `tls_ca_folder` exclude each other:
    ///
    /// | Parameter | Meaning | Default |
    /// |---|---|---|
    /// | `tls_ca_file` · `tls_ca_folder` | PEM file, or folder, of the authorities to trust | the system's |
    /// | `tls_cert_file` · `tls_key_file` | our certificate and its key | none |
    /// | `tls_server_name` | the name that the server's certificate must have | the host |
    /// | `tls_verify` | `full`, `without-name`, `none` | `full` |
    /// | `tls_min_version` | 1.2 or 1.3 | 1.2 |
    ///
    /// User and password may be percent-encoded. White space and line breaks around the URL are cut off. Throws
    /// `invalid-configuration` for anything else: unknown or repeated parameters, a path, a fragment. A database number
    /// is such a path, because databases have names here; only `/0`, which many tools append, is let pass. `valkey://`
    /// is `redis://`, `valkeys://` is `rediss://`.
    public init(url: String) throws(RedisError) {
        func refuse(_ message: String) -> RedisError { RedisError(.invalidConfiguration, "the Redis URL \(message)") }
        let url = ConfigurationText.trimmed(url)
        guard !ConfigurationText.hasControls(url) else {
            throw refuse("has a line break or another control character within; in a password they are percent-encoded")
        }
        // The value is not repeated: what has no scheme may be a password as well as a host.
        let noScheme =
            "must begin with redis:// or valkey://, for TLS with rediss:// or valkeys://, or with unix://, as in "
            + "redis://host:port"
        guard let parts = URLComponents(string: url) else {
            guard url.contains("://") else { throw refuse(noScheme) }
            guard !Self.hasStrangePort(url) else {
                // Not shown: where the host was forgotten, it is a password.
                throw refuse(
                    "has a port that is no number from 1 to 65535; if a password stands there, the host is missing: "
                        + "write user:password@host:port")
            }
            throw refuse("cannot be parsed: percent-encode what is not a letter or digit in user and password")
        }
        // Before all else: what stands in front of an unencoded # or ? may be a part of a password, and is not shown.
        guard parts.fragment == nil else { throw refuse("has a fragment (#…); percent-encode # as %23") }
        guard parts.percentEncodedQuery?.contains("@") != true else {
            throw refuse("has an @ behind a ?: in a password they are written %40 and %3F")
        }
        switch parts.scheme?.lowercased() {
        case "redis", "valkey": self = try Self.tcp(parts, refuse)
        case "unix", "redis+unix": self = try Self.unix(parts, refuse)
        case "rediss", "valkeys":
            self = try Self.tcp(parts, refuse)
            tls = RedisTLS()
        default: throw refuse(noScheme)
        }
        username = parts.user.flatMap { $0.isEmpty ? nil : $0 }
        password = parts.password.map { RedisPassword($0) }
        if username != nil && password == nil { throw refuse("has a user without a password: write user:password@") }
        try read(parts.queryItems ?? [], refuse)
        if let objection = tls?.objection { throw refuse(objection) }
    }

    private static func tcp(
        _ parts: URLComponents, _ refuse: (String) -> RedisError
    ) throws(RedisError) -> RedisConfiguration {
        let host = ConfigurationText.host(parts.host ?? "")
        guard !host.isEmpty else { throw refuse("names no host: redis://host:port") }
        if let objection = ConfigurationText.objection(toHost: host) { throw refuse(objection) }
        guard ["", "/", "/0"].contains(parts.path) else {
            // Of a password that was not percent-encoded, a part may stand here: only what is surely none is shown.
            let path =
                parts.path.dropFirst().allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) }
                ? "the path \(parts.path)" : "a path"
            throw refuse(
                "has \(path): databases have names here, so remove it and use databases[.name]; "
                    + "a / in the password is written %2F")
        }
        let port = parts.port ?? 6379
        guard (1...65_535).contains(port) else { throw refuse("has a port outside 1 to 65535") }
        return RedisConfiguration(host: host, port: port)
    }

    /// Something other than digits stands where the port belongs.
    private static func hasStrangePort(_ url: String) -> Bool {
        guard let scheme = url.firstRange(of: "://") else { return false }
        let rest = url[scheme.upperBound...]
        let place = (rest.lastIndex(of: "@").map { rest[rest.index(after: $0)...] } ?? rest)
            .prefix { !"/?#".contains($0) }
        guard let colon = place.lastIndex(of: ":"), place.last != "]" else { return false }
        let port = place[place.index(after: colon)...]
        return !port.allSatisfy { $0.isASCII && $0.isNumber }
    }

    private static func unix(
        _ parts: URLComponents, _ refuse: (String) -> RedisError
    ) throws(RedisError) -> RedisConfiguration {
        guard (parts.host ?? "").isEmpty, parts.port == nil else {
            throw refuse("names a host before the socket's path: write unix:///path, with three slashes")
        }
        guard !["", "/"].contains(parts.path) else { throw refuse("names no socket: unix:///path/of/redis.sock") }
        // Not shown: without slashes a user and a password would stand in it.
        guard parts.path.hasPrefix("/") else {
            throw refuse("names a socket by a relative path: write an absolute path, as in unix:///run/redis.sock")
        }
        if let objection = ConfigurationText.objection(toPath: parts.path) { throw refuse(objection) }
        return RedisConfiguration(unixSocket: parts.path)
    }

    private mutating func read(_ parameters: [URLQueryItem], _ refuse: (String) -> RedisError) throws(RedisError) {
        var seen: Set<String> = []
        for parameter in parameters {
            let name = parameter.name
            guard seen.insert(name).inserted else { throw refuse("has the parameter \(name) twice") }
            let value = parameter.value ?? ""
            switch name {
            case "client_name":
                guard value.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
                    throw refuse("has a client name with spaces, control characters or other than ASCII")
                }
                clientName = value
            case "protocol":
                guard value == "2" || value == "3" else { throw refuse("has a protocol other than 2 and 3") }
                version = value == "2" ? .resp2 : .resp3
            case "connect_timeout": connectTimeout = try Self.seconds(value, name, refuse)
            case "command_timeout": commandTimeout = try Self.seconds(value, name, refuse)
            case "lease_timeout": leaseTimeout = try Self.seconds(value, name, refuse)
            case "keep_alive": keepAliveInterval = try Self.seconds(value, name, refuse)
            case "max_idle_time": maximumIdleTime = try Self.seconds(value, name, refuse)
            case "max_age": maximumConnectionAge = try Self.seconds(value, name, refuse)
            case "max_leases": maximumLeases = try Self.count(value, name, from: 1, refuse)
            case "max_waiters": maximumWaiters = try Self.count(value, name, from: 0, refuse)
            case let name where RedisTLS.Setting(parameter: name) != nil: try readTLS(name, value, seen, refuse)
            default:
                throw refuse(
                    "has the unknown parameter \(name); known: client_name, protocol, connect_timeout, "
                        + "command_timeout, lease_timeout, keep_alive, max_idle_time, max_age, max_leases, max_waiters"
                        + RedisTLS.Setting.allCases.map { ", \($0.parameter)" }.joined())
            }
        }
    }

    private mutating func readTLS(
        _ name: String, _ value: String, _ seen: Set<String>, _ refuse: (String) -> RedisError
    ) throws(RedisError) {
        guard let setting = RedisTLS.Setting(parameter: name), tls != nil else {
            throw refuse("has the parameter \(name) without TLS: begin it with rediss://")
        }
        if seen.isSuperset(of: [RedisTLS.Setting.caFile.parameter, RedisTLS.Setting.caFolder.parameter]) {
            throw refuse("has both tls_ca_file and tls_ca_folder: keep one of them")
        }
        if let objection = tls?.set(setting, to: value) { throw refuse("has a \(name) that \(objection)") }
    }

    private static func seconds(
        _ value: String, _ name: String, _ refuse: (String) -> RedisError
    ) throws(RedisError) -> Duration {
        guard let duration = ConfigurationText.seconds(value) else {
            throw refuse("has a \(name) that is no number of seconds from 0.001 to 86400")
        }
        return duration
    }

    private static func count(
        _ value: String, _ name: String, from least: Int, _ refuse: (String) -> RedisError
    ) throws(RedisError) -> Int {
        guard let count = Int(value), (least...1_000_000).contains(count) else {
            throw refuse("has a \(name) that is no whole number from \(least) to 1000000")
        }
        return count
    }
}
