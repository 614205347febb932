/// When a connection that has done nothing wrong is asked whether it lives, or is replaced. Nil is never.
package struct ConnectionLifetime: Sendable, Hashable {
    /// How long nobody may have asked anything before a PING does. Without a byte by the next one the connection ends.
    package var probeInterval: Duration?
    /// How long a connection may be unused: NAT and load balancers forget those without a word.
    package var idleTime: Duration?
    /// How old it may become: a new one resolves its server's name anew.
    package var age: Duration?

    /// Shorter times would keep timers and handshakes busy, and nothing else.
    private static let shortest = Duration.milliseconds(10)

    package init(probeInterval: Duration? = nil, idleTime: Duration? = nil, age: Duration? = nil) {
        self.probeInterval = probeInterval.map { max($0, Self.shortest) }
        self.idleTime = idleTime.map { max($0, Self.shortest) }
        self.age = age.map { max($0, Self.shortest) }
    }

    /// The age of one connection, up to a tenth less than the limit, so that those made together do not end together.
    package func age(using random: inout some RandomNumberGenerator) -> Duration? {
        guard let most = age?.wholeNanoseconds else { return nil }
        return .nanoseconds(most - Int64.random(in: 0...most / 10, using: &random))
    }

    package func end(from now: Moment) -> Moment {
        var random = SystemRandomNumberGenerator()
        return age(using: &random).map { now + $0 } ?? .never
    }
}
