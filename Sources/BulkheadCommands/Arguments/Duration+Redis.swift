extension Duration {
    /// Rounded away from zero: only zero becomes zero, which servers refuse or take for "without end".
    @usableFromInline var redisMilliseconds: Int64 {
        let (whole, remainder) = attoseconds.quotientAndRemainder(dividingBy: 1_000_000_000_000_000)
        return Int64(clamping: whole + remainder.signum())
    }

    /// Rounded up to whole seconds.
    @usableFromInline package var redisWholeSeconds: Int64 {
        let (whole, remainder) = attoseconds.quotientAndRemainder(dividingBy: Self.attosecondsOfSecond)
        return Int64(clamping: whole + (remainder > 0 ? 1 : 0))
    }

    /// Without the part of a second.
    @usableFromInline package var redisFullSeconds: Int64 { Int64(clamping: attoseconds / Self.attosecondsOfSecond) }

    // `components` ends the process where the seconds are more than 64 bits hold.
    private static let attosecondsOfSecond: Int128 = 1_000_000_000_000_000_000

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
