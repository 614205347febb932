@testable import BulkheadNetworking
import Testing

@Suite struct `The budget for completing inline` {
    static let limit = Duration.microseconds(50)

    @Test func `the first caller of all lets the others go first`() {
        var budget = InlineBudget(limit: Self.limit)
        #expect(budget.next() == .yieldFirst)
        budget.yielded(for: .microseconds(1))
        #expect(budget.next() == .spin(Self.limit))
    }

    @Test func `and so does a caller after each run of inline completions`() {
        var budget = InlineBudget(limit: Self.limit)
        for _ in 0..<3 {
            #expect(budget.next() == .yieldFirst)
            budget.yielded(for: .zero)
            for _ in 0..<InlineBudget.longestRun {
                #expect(budget.next() == .spin(Self.limit))
                budget.succeeded()
            }
        }
        #expect(budget.completions == 3 * InlineBudget.longestRun)
    }

    @Test func `whoever asks while another yields is not alone`() {
        var budget = InlineBudget(limit: Self.limit)
        #expect(budget.next() == .yieldFirst)
        for _ in 0..<10 { #expect(budget.next() == .suspend) }
        budget.yielded(for: .zero)
        #expect(budget.next() == .spin(Self.limit))
    }

    @Test func `a thread that others need is left to them, more and more`() {
        var budget = InlineBudget(limit: Self.limit)
        for expected in [0, 1, 3, 7, 15, 31, 63, 63] {
            var skipped = 0
            while budget.next() == .suspend { skipped += 1 }
            #expect(skipped == expected)
            budget.yielded(for: .milliseconds(1))
        }
        #expect(budget.completions == 0)
    }

    @Test func `after failures spinning is tried less and less often`() {
        var budget = InlineBudget(limit: Self.limit)
        var spins = 0
        for _ in 0..<1_000 {
            switch budget.next() {
            case .spin:
                spins += 1
                budget.failed()
            case .yieldFirst: budget.yielded(for: .zero)
            case .suspend: break
            }
        }
        #expect(spins < 25, "6 times on the way to one in 64")
    }

    @Test func `a limit of zero turns it off`() {
        var budget = InlineBudget(limit: .zero)
        for _ in 0..<10 { #expect(budget.next() == .suspend) }
    }
}
