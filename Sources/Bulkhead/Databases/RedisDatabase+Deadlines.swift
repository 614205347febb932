import BulkheadNetworking

// One call may take several commands, and has its time once.

extension RedisDatabase {
    /// The same database until a call's deadline.
    func until(_ deadline: Deadline) -> RedisDatabase { within(deadline.timeLeft) }
}

extension BlockingRedisDatabase {
    /// The same database until a call's deadline.
    func until(_ deadline: Deadline) -> BlockingRedisDatabase { within(deadline.timeLeft) }
}

extension Deadline {
    /// Nil without a limit.
    var timeLeft: Duration? {
        let left = left
        return left == .nanoseconds(Int64.max) ? nil : max(left, .zero)
    }
}
