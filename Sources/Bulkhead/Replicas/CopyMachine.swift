import BulkheadNetworking

/// Which of several copies of one data set a name uses, by how they answer; its clock is its caller's.
///
/// The copies stand in the order of preference. The one in use is left when it has failed so many times in a row, over
/// at least so long; the first in the order that answers takes its place. It goes back to a better one only when that
/// has answered every question for a while.
struct CopyMachine: Sendable {
    private struct Copy: Sendable {
        /// In a row, and when the first of them was.
        var failures = 0
        var firstFailure: Moment?
        /// Since when it has answered everything; nil after a failure, and before the first answer.
        var healthySince: Moment?
    }

    private let rules: RedisCopies
    private var copies: [Copy]
    /// The one in use.
    private(set) var current = 0

    init(_ count: Int, _ rules: RedisCopies) {
        self.rules = rules
        copies = Array(repeating: Copy(), count: count)
    }

    /// A copy did what it was asked for, or refused it with reason. True if another one is in use from here on.
    mutating func answered(_ index: Int, at now: Moment) -> Bool {
        copies[index].failures = 0
        copies[index].firstFailure = nil
        if copies[index].healthySince == nil { copies[index].healthySince = now }
        return index < current && goBack(at: now)
    }

    /// It did not answer, or answered as a server that cannot serve. True if another one is in use from here on.
    mutating func failed(_ index: Int, at now: Moment) -> Bool {
        copies[index].failures += 1
        copies[index].healthySince = nil
        let first = copies[index].firstFailure ?? now
        copies[index].firstFailure = first
        guard index == current, isGivenUp(index, at: now) else { return false }
        guard let next = copies.indices.first(where: { copies[$0].healthySince != nil }) else {
            // Nobody is known to be better: the next one in turn that has not failed as badly.
            return moveToUntried(at: now)
        }
        current = next
        return true
    }

    private mutating func moveToUntried(at now: Moment) -> Bool {
        guard let next = copies.indices.first(where: { !isGivenUp($0, at: now) }) else { return false }
        current = next
        return true
    }

    /// It fails, and another one is in use.
    func hasLeft(_ index: Int, at now: Moment) -> Bool { index != current && isGivenUp(index, at: now) }

    private func isGivenUp(_ index: Int, at now: Moment) -> Bool {
        guard let first = copies[index].firstFailure else { return false }
        return copies[index].failures >= rules.failures && first + rules.failureTime <= now
    }

    private mutating func goBack(at now: Moment) -> Bool {
        let better = copies.indices.prefix(current).first { index in
            copies[index].healthySince.map { $0 + rules.recoveryTime <= now } ?? false
        }
        guard let better else { return false }
        current = better
        return true
    }
}
