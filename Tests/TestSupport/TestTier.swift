import Foundation

/// How much of the tests a run is: what BULKHEAD_TEST_TIER says, which `Tests/run` sets; without it, everything.
///
/// A test that takes several seconds says `.enabled(if: TestTier.hasTime)`; where the server makes no difference to it
/// either, `.enabled(if: TestTier.isWhole)`.
public enum TestTier: String, Sendable {
    /// Everything.
    case whole
    /// What differs between servers, against another one than the first.
    case servers
    /// What a change is tried with first: `Tests/run --quick`.
    case quick

    private static let current: TestTier = {
        let text = ProcessInfo.processInfo.environment["BULKHEAD_TEST_TIER"] ?? TestTier.whole.rawValue
        guard let tier = TestTier(rawValue: text) else {
            preconditionFailure("BULKHEAD_TEST_TIER is \(text): set it to whole, servers or quick")
        }
        return tier
    }()

    public static var hasTime: Bool { current != .quick }
    public static var isWhole: Bool { current == .whole }
}
