#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension RedisConfiguration {
    /// The settings of this process's own environment, as `init(environment:)` reads them.
    public static func fromEnvironment() throws(RedisError) -> RedisConfiguration {
        try RedisConfiguration(environment: ProcessInfo.processInfo.environment)
    }

    /// Reads an environment's settings.
    ///
    /// | Variable | Meaning |
    /// |---|---|
    /// | `REDIS_URL` | a URL as `init(url:)` reads it; it excludes the next three |
    /// | `REDIS_HOST` · `REDIS_PORT` | the server on TCP; default 127.0.0.1 and 6379 |
    /// | `REDIS_SOCKET` | the server on a unix socket |
    /// | `REDIS_USERNAME` · `REDIS_PASSWORD` | the login; they override what the URL holds |
    /// | `REDIS_TLS` | `yes` for TLS with the server at `REDIS_HOST`; a URL says so itself |
    /// | `REDIS_TLS_CA_FILE` … | the parameters of a URL that begin with `tls_`, in capitals; they override the URL |
    /// | `REDIS_TLS_KEY_PASSPHRASE` | of the key in `REDIS_TLS_KEY_FILE`, if it is encrypted |
    /// | `REDIS_ZONE` | the availability zone of this program, see ``zone`` |
    ///
    /// The names of the databases have a variable too: ``DatabaseCatalogue/init(environment:)``. Line breaks at the end
    /// are cut off, of the password as well, because secrets from files have one; all but passwords and paths lose
    /// white space at both ends. What is empty then counts as unset. Throws `invalid-configuration` for what cannot be
    /// used or contradicts itself.
    public init(environment: [String: String]) throws(RedisError) {
        func variable(_ name: String) -> String? { environment.setting(name) }
        func refuse(_ message: String) -> RedisError { RedisError(.invalidConfiguration, message) }
        let places = ["REDIS_URL", "REDIS_HOST", "REDIS_PORT", "REDIS_SOCKET"].filter { variable($0) != nil }
        if let url = variable("REDIS_URL") {
            guard places.count == 1 else {
                throw refuse("REDIS_URL and \(places[1]) are both set: keep one of them")
            }
            try self.init(url: url)
        } else if let path = variable("REDIS_SOCKET") {
            guard places.count == 1 else {
                throw refuse("REDIS_SOCKET and \(places[0]) are both set: keep one of them")
            }
            if let objection = ConfigurationText.objection(toPath: path) { throw refuse("REDIS_SOCKET \(objection)") }
            self.init(unixSocket: path)
        } else {
            let host = ConfigurationText.host(variable("REDIS_HOST") ?? "127.0.0.1")
            if let objection = ConfigurationText.objection(toHost: host) { throw refuse("REDIS_HOST \(objection)") }
            let port = variable("REDIS_PORT") ?? "6379"
            guard let number = Int(port), (1...65_535).contains(number) else {
                throw refuse("REDIS_PORT is no port from 1 to 65535")
            }
            self.init(host: host, port: number)
        }
        if let user = variable("REDIS_USERNAME") {
            if ConfigurationText.hasControls(user) || user.contains(where: \.isWhitespace) {
                throw refuse("REDIS_USERNAME has white space or a control character within, which no user's name has")
            }
            username = user
        }
        password = variable("REDIS_PASSWORD").map { RedisPassword($0) } ?? password
        if username != nil && password == nil {
            throw refuse("REDIS_USERNAME is set without REDIS_PASSWORD")
        }
        zone = variable("REDIS_ZONE")
        try readTLS(environment)
    }
}

extension [String: String] {
    /// An environment's setting as it is used; nil if it is unset or nothing is left of it.
    func setting(_ name: String) -> String? {
        guard let value = self[name] else { return nil }
        let keepsSpaces =
            ["REDIS_PASSWORD", "REDIS_SOCKET", "REDIS_CATALOGUE"].contains(name)
            || name.hasPrefix("REDIS_TLS_")
        let used = keepsSpaces ? ConfigurationText.withoutLineEnd(value) : ConfigurationText.trimmed(value)
        return used.isEmpty ? nil : used
    }
}
