extension Duration {
    /// Rounded away from zero: only zero becomes zero, which servers refuse or take for "without end".
    @usableFromInline var redisMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        let attosecondsInOne: Int64 = 1_000_000_000_000_000
        let (whole, remainder) = attoseconds.quotientAndRemainder(dividingBy: attosecondsInOne)
        let (product, isTooLarge) = seconds.multipliedReportingOverflow(by: 1_000)
        let (sum, isTooLargeWithPart) = product.addingReportingOverflow(whole + remainder.signum())
        guard !isTooLarge, !isTooLargeWithPart else { return seconds < 0 ? .min : .max }
        return sum
    }

    /// Rounded up to whole seconds.
    @usableFromInline var redisWholeSeconds: Int64 { components.seconds + (components.attoseconds > 0 ? 1 : 0) }

    /// For blocking commands. Zero waits for ever, so no other time becomes zero.
    ///
    /// Servers refuse negative times, but take -0.001 for zero (7.0): a negative time is sent as -1 or less.
    /// Before 7.0 they cut 0.001 to zero, and wait for ever: the shortest time sent is 0.002.
    @usableFromInline var redisSeconds: Double {
        let milliseconds = redisMilliseconds == 1 ? 2 : redisMilliseconds
        let seconds = Double(milliseconds) / 1_000
        return seconds < 0 ? min(seconds, -1) : seconds
    }
}
