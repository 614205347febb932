/// Where one server runs apart from the others, such as in a network namespace, so that the way to it can be cut.
package struct ServerPlace: Sendable, Hashable {
    /// What starts a program there.
    package var launchPrefix: [String]
    /// The address of the server there.
    package var host: String
    /// The address of all others, as the server there sees it.
    package var otherHost: String

    package init(launchPrefix: [String], host: String, otherHost: String) {
        self.launchPrefix = launchPrefix
        self.host = host
        self.otherHost = otherHost
    }

    func apply(to options: inout RedisTestServer.Options, isThere: Bool) {
        // The first address is the one that Redis 6.2 connects from.
        options.arguments += ["--bind", isThere ? host : otherHost, "127.0.0.1", "--protected-mode", "no"]
        if isThere { options.launchPrefix = launchPrefix + options.launchPrefix }
    }
}
