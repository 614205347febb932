/// How much of the server's time a scan takes, so that those who share the server do not wait for it.
///
/// ```swift
/// for try await key in knowledge.scan(match: "llama_index/*", pace: .considerate) { … }
/// ```
/// A server runs one command at a time, for all its databases: what a neighbour of a scan waits for is the step under
/// way. A paced scan makes its steps small enough to be over within a budget, and learns from the times of its own
/// steps how many keys that is; see ``budget``. When its steps begin to wait for others it pauses between them, to
/// leave others a share of the time, and on an idle server it does not.
///
/// A pace changes COUNT and nothing else: a paced scan finds what a scan finds.
public struct RedisPace: Sendable, Hashable {
    /// The server's time that one step may take; nil is no limit.
    ///
    /// It is judged from this side: the time of a step less that of a step of a single key. Over a slow network the
    /// transfer of large values counts too, and the scan is slower than it need be.
    public let budget: Duration?
    /// The share of a busy server's time, from 0 to 0.9, that is left to others between the steps.
    public let leaving: Double

    /// As large steps as asked for, without a pause. The default of the library.
    public static let full = RedisPace()
    /// Steps of 40 µs, and a quarter of the time to others when the server is busy. The default of the tools.
    ///
    /// `Benchmarks/run` measures what neighbours notice. On 2026-11-29 the 99th percentile of their GETs was 1.5 times
    /// that of an idle server, in place of 4.2 times without a pace, at 57 % of the full speed: see <doc:Limits>.
    public static let considerate = RedisPace(budget: .microseconds(40), leaving: 0.25)
    /// Steps of 25 µs, and half of the time to others when the server is busy.
    ///
    /// On 2026-11-29 it ran at 34 % of the full speed, and neighbours waited about as long as with ``considerate``.
    public static let gentle = RedisPace(budget: .microseconds(25), leaving: 0.5)

    /// A pace of one's own. What lies outside ``budgets`` or from 0 to 0.9 is taken as the nearest that does not.
    public init(budget: Duration = .microseconds(40), leaving share: Double = 0.25) {
        self.budget = min(max(budget, Self.budgets.lowerBound), Self.budgets.upperBound)
        leaving = share.isNaN ? 0 : min(max(share, 0), Self.mostLeft)
    }

    private init() {
        budget = nil
        leaving = 0
    }

    /// Below 5 µs lies what one key costs; above 100 ms neighbours see a server that has stopped.
    public static let budgets: ClosedRange<Duration> = .microseconds(5) ... .milliseconds(100)
    private static let mostLeft = 0.9
}

extension RedisPace: CustomStringConvertible {
    /// Reads `full`, `considerate`, `gentle`, or a budget in whole microseconds such as `200us`; nil for all else.
    public init?(_ text: String) {
        switch text {
        case "full": self = .full
        case "considerate": self = .considerate
        case "gentle": self = .gentle
        default:
            guard text.hasSuffix("us"), let microseconds = Int(text.dropLast(2)),
                case let budget = Duration.microseconds(microseconds), Self.budgets.contains(budget)
            else { return nil }
            self.init(budget: budget)
        }
    }

    /// `considerate`, or for a pace of one's own `200us`, with the share it leaves where that is not the usual one.
    public var description: String {
        switch self {
        case .full: return "full"
        case .considerate: return "considerate"
        case .gentle: return "gentle"
        default:
            let microseconds = "\(Int((budget ?? .zero) / .microseconds(1)))us"
            return leaving == Self.considerate.leaving ? microseconds : "\(microseconds), leaving \(leaving)"
        }
    }
}
