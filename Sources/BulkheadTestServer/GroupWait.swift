/// Asks again and again until it is true; throws at the deadline.
func waitForGroup(
    until deadline: ContinuousClock.Instant, _ what: @autoclosure () -> String, _ isTrue: () -> Bool
) throws(RedisTestServerError) {
    while !isTrue() {
        guard ContinuousClock.now < deadline else {
            throw RedisTestServerError(
                .startTimedOut, "waited in vain until \(what()): raise Options(startTimeout:) on a slow machine")
        }
        SystemCall.sleep(milliseconds: 10)
    }
}
