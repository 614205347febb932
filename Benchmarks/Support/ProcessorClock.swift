/// How fast the processor's clock really is: what a system says of it is often another number.
package enum ProcessorClock {
    private static let steps = 20_000
    private static let cyclesPerStep = 6
    private static let tries = 25

    /// About how many cycles a core makes in a second, found in some milliseconds.
    ///
    /// Each step of a xorshift waits for the one before: on x86-64 three shifts and three exclusive ors of a cycle
    /// each. Elsewhere the two may be one instruction. The fastest try counts, as a disturbance only makes one longer.
    package static func cyclesPerSecond() -> Double {
        var state: UInt64 = 88_172_645_463_325_252
        var least = Int64.max
        for _ in 0..<tries {
            let start = MonotonicClock.now()
            for _ in 0..<steps {
                state ^= state &<< 13
                state ^= state &>> 7
                state ^= state &<< 17
            }
            least = min(least, MonotonicClock.now() - start)
        }
        // Never zero, and the compiler does not know: it must compute all of it.
        precondition(state != 0)
        return Double(steps * cyclesPerStep) * 1e9 / Double(max(1, least))
    }
}
