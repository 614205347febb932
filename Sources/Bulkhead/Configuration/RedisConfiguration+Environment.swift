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
    /// | `REDIS_USERNAME` · `REDIS_PASSWORD` | the login; they go before what the URL holds |
    ///
    /// The names of the databases have a variable too: ``DatabaseCatalogue/init(environment:)``. Empty variables count
    /// as unset. Throws `invalid-configuration` for what cannot be used or contradicts itself.
    public init(environment: [String: String]) throws(RedisError) {
        func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
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
            self.init(unixSocket: path)
        } else {
            let port = variable("REDIS_PORT") ?? "6379"
            guard let number = Int(port), (1...65_535).contains(number) else {
                throw refuse("REDIS_PORT is no port from 1 to 65535")
            }
            self.init(host: variable("REDIS_HOST") ?? "127.0.0.1", port: number)
        }
        username = variable("REDIS_USERNAME") ?? username
        password = variable("REDIS_PASSWORD").map { RedisPassword($0) } ?? password
        if username != nil && password == nil {
            throw refuse("REDIS_USERNAME is set without REDIS_PASSWORD")
        }
    }
}
