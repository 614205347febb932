/// Decides how many keys the next step takes and how long to pause before it; its clock is its caller's.
///
/// The time of a step, as seen from here:
/// ```
/// |── round trip ──|── waiting for others ──|── keys × cost of a key ──|
///  what a step of    comes and goes           what the server is held for,
///  one key takes                              and what the budget limits
/// ```
/// Whatever disturbs a measurement makes it longer. So the round trip is the shortest of the latest 32 probes, steps of
/// one key; and the cost of a key is the third-lowest of the latest 16 steps, so that neither disturbances nor two
/// steps that found nothing to do decide. With half of all steps disturbed for milliseconds the size of a step stays
/// where it is; keys that become dearer are met within 16 steps. What a step took beyond both is waiting: if steps wait
/// often the server is busy, and pauses come between them.
struct PaceMachine: Sendable {
    /// Keys of one step, whatever they cost: 4,096 cost a SCAN about 2 ms.
    static let mostKeys = 4_096
    /// Probes before the first step that is none. The very first one may have made its connection.
    static let firstProbes = 3
    /// One step in so many is a probe: the round trip is looked at again for 2 % of the speed.
    static let stepsBetweenProbes = 64
    /// Steps of one key before two are tried again.
    static let stepsBetweenTries = 4
    /// The shortest pause: what is owed is saved up to it, as a sleep of less is no shorter.
    static let shortestPause = Duration.milliseconds(1)
    /// The longest pause: a scan goes on whatever its neighbours do.
    static let longestPause = Duration.milliseconds(100)
    private static let probesKept = 32
    private static let costsKept = 16
    /// How much one step changes the opinion of how busy the server is.
    private static let weight = 1.0 / 16

    /// In nanoseconds, like all times in here.
    private let budget: Double
    /// Time to leave for each nanosecond that is taken.
    private let left: Double
    private let most: Int

    private var probes: [Double] = []
    private var costs: [(keys: Int, each: Double)] = []
    private var stepsUntilProbe = 0
    private var stepsUntilTry = stepsBetweenTries
    private var begun: ContinuousClock.Instant?
    private var owed = 0.0

    /// Keys of the next step that is no probe.
    private(set) var keys = 1
    /// The share of the latest steps that had to wait, 0...1.
    private(set) var busyness = 0.0

    /// `most` keys a step at most, and never more than ``mostKeys``.
    init(budget: Duration, leaving share: Double, most: Int = mostKeys) {
        self.budget = budget / .nanoseconds(1)
        left = share / (1 - share)
        self.most = min(max(1, most), Self.mostKeys)
    }

    /// What a key costs the server beyond the round trip; nil before anything is known.
    var costOfKey: Duration? { cost.map { .nanoseconds(Int64($0)) } }

    /// A step begins now; with so many keys, if there are as many. One that was begun and did not end is forgotten.
    mutating func begin(at now: ContinuousClock.Instant) -> Int {
        begun = now
        if isProbing { return 1 }
        if keys == 1, most > 1, stepsUntilTry == 0 { return 2 }
        return keys
    }

    /// The step that was begun leaves only now.
    mutating func leave(at now: ContinuousClock.Instant) {
        if begun != nil { begun = now }
    }

    /// The step that was begun has ended, and had so many keys; how long to pause before the next.
    mutating func ended(keys count: Int, at now: ContinuousClock.Instant) -> Duration {
        guard let start = begun else { return .zero }
        begun = nil
        let time = max(0, (now - start) / .nanoseconds(1))
        if count <= 1 {
            learn(roundTrip: time)
        } else {
            learn(time, of: count)
        }
        return pause(after: time, of: count)
    }

    private var isProbing: Bool { probes.count < Self.firstProbes || stepsUntilProbe == 0 }
    private var roundTrip: Double { probes.min() ?? 0 }

    private var cost: Double? {
        // In small steps a round trip that was thought too long hides what keys cost: larger ones know better.
        let largest = costs.lazy.map(\.keys).max() ?? 0
        let sorted = costs.filter { $0.keys * 2 >= largest }.map(\.each).sorted()
        return sorted.isEmpty ? nil : sorted[sorted.count / 8]
    }

    private mutating func learn(roundTrip time: Double) {
        Self.keep(time, in: &probes, Self.probesKept)
        stepsUntilProbe = Self.stepsBetweenProbes
        stepsUntilTry = max(0, stepsUntilTry - 1)
        if probes.count == Self.firstProbes, costs.isEmpty { keys = min(2, most) }
    }

    private mutating func learn(_ time: Double, of count: Int) {
        stepsUntilProbe = max(0, stepsUntilProbe - 1)
        // Of a last slice that was small, disturbances are most of the time.
        guard count * 2 >= keys else { return }
        Self.keep((count, max(0, time - roundTrip) / Double(count - 1)), in: &costs, Self.costsKept)
        // More by steps: what larger ones cost is not known yet. Less at once: others are waiting.
        let cost = cost ?? budget
        // Of two keys, disturbances are most of the time: they are taken while the second alone is within the budget.
        let affordable = cost > 0 ? max(budget / cost, cost <= budget ? 2 : 1) : .infinity
        keys = max(1, min(most, count * 2, Int(min(affordable, Double(Self.mostKeys)))))
        if keys == 1 { stepsUntilTry = Self.stepsBetweenTries }
    }

    private mutating func pause(after time: Double, of count: Int) -> Duration {
        let work = (cost ?? 0) * Double(count)
        let hasWaited = time - roundTrip - work > max(budget, roundTrip) / 2
        busyness += ((hasWaited ? 1 : 0) - busyness) * Self.weight
        owed += work * left * busyness
        guard owed >= Self.shortestPause / .nanoseconds(1) else { return .zero }
        let pause = min(Duration.nanoseconds(Int64(min(owed, 1e12))), Self.longestPause)
        owed = 0
        return pause
    }

    private static func keep<Sample>(_ sample: Sample, in samples: inout [Sample], _ count: Int) {
        if samples.count == count { samples.removeFirst() }
        samples.append(sample)
    }
}
