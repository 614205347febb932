import Foundation
import Testing

@testable import BulkheadBenchmarkSupport

@Suite struct IsolationGateTests {
    /// Rounds of a layout by their p99 in microseconds, the p50 always 65.
    private static func rounds(
        _ layout: IsolationLayout, _ p99: [Double], canary: Double? = 40, lateness: Double = 50, setAside: Int = 10,
        taken: Double? = 0, rate: Double = 200_000
    ) -> [IsolationRound] {
        p99.enumerated().map { round, p99 in
            IsolationRound(
                IsolationCase(layout), round: round, p50: 65_000, p99: p99 * 1_000, canary: canary.map { $0 * 1_000 },
                lateness: lateness * 1_000, answered: 1_000, setAside: setAside, taken: taken,
                rate: layout.isScanned ? rate : 0)
        }
    }

    private static let idleP99 = [160.0, 170, 150, 180, 165]
    private static let idle = rounds(.idle, idleP99)
    private static let bad = rounds(.oneConnection, [2_400, 2_500, 2_300, 2_600, 2_450])
    private static let harmed = rounds(.namedDatabases, [900, 950, 870, 1_000, 930])
    private static let calm = rounds(.namedDatabases, [170, 180, 160, 200, 190])

    private static func verdict(_ parts: [IsolationRound]...) -> IsolationVerdict {
        IsolationVerdict(IsolationGate(parts.flatMap { $0 }))
    }

    @Test func `a run that could see harm and has all of its range on one side is answered`() {
        #expect(Self.verdict(Self.idle, Self.bad, Self.calm).answer == .yes)
        #expect(Self.verdict(Self.idle, Self.bad, Self.harmed).answer == .no)
    }

    @Test(arguments: [calm, harmed])
    func `neither YES nor NO is said where a condition is missing, and the reason names it`(named: [IsolationRound]) {
        let cases: [(String, [IsolationRound], [IsolationRound], [IsolationRound])] = [
            ("only sleeps woke 90.0 µs late beside idle", Self.rounds(.idle, Self.idleP99, canary: 90), Self.bad, []),
            ("idle p50", Self.rounds(.idle, [400, 410, 390, 400, 420]), Self.bad, []),
            ("came out at 2.0", Self.idle, Self.rounds(.oneConnection, [330, 330, 330, 330, 330]), []),
            ("one connection was not measured", Self.idle, [], []),
            (
                "gentle scan was faster than idle", Self.idle, Self.bad,
                Self.rounds(.gentle, [90, 95, 100, 92, 99])
            ),
            ("4 rounds of idle are too few", Array(Self.idle.prefix(4)), Self.bad, []),
            ("5 of 5 rounds of idle: others had 30 %", Self.rounds(.idle, Self.idleP99, taken: 0.3), Self.bad, []),
            ("60 % of the GETs", Self.rounds(.idle, Self.idleP99, setAside: 600), Self.bad, []),
            ("this program itself was late beside idle", Self.rounds(.idle, Self.idleP99, lateness: 90), Self.bad, []),
        ]
        for (reason, idle, bad, other) in cases {
            let verdict = Self.verdict(idle, bad, other, named)
            #expect(verdict.answer == .undecided, "\(reason): \(verdict.text)")
            #expect(verdict.reason?.contains(reason) == true, "\(reason): \(verdict.text)")
        }
    }

    @Test func `the sleeping thread must have been in time beside the layout too`() {
        func verdict(_ p99: [Double], canary: Double) -> IsolationVerdict {
            Self.verdict(Self.idle, Self.bad, Self.rounds(.namedDatabases, p99, canary: canary))
        }
        let (calm, harmed) = ([170.0, 180, 160, 200, 190], [900.0, 950, 870, 1_000, 930])
        for undecided in [verdict(calm, canary: 90), verdict(harmed, canary: 400)] {
            #expect(undecided.answer == .undecided && undecided.reason?.contains("late beside named databases") == true)
        }
        // 765 µs of delay are not explained by 120.
        #expect(verdict(harmed, canary: 120).answer == .no)
    }

    @Test func `harm below what the machine hides is none`() {
        // Idle differs by 800 µs from itself.
        let wide = Self.rounds(.idle, [160, 170, 150, 950, 165])
        let verdict = Self.verdict(wide, Self.bad, Self.harmed)
        #expect(verdict.answer == .undecided && verdict.reason?.contains("less than this machine hides") == true)
    }

    @Test func `one round on the other side of the limit leaves it undecided, also where the median is clear`() {
        let once = Self.rounds(.namedDatabases, [900, 950, 200, 1_000, 930])
        #expect(Self.verdict(Self.idle, Self.bad, once).answer == .undecided)
        let other = Self.rounds(.namedDatabases, [170, 180, 160, 400, 190])
        #expect(Self.verdict(Self.idle, Self.bad, other).answer == .undecided)
    }

    @Test func `a spoilt round counts for nothing, so that one of them changes no answer`() {
        let spoilt = IsolationRound(
            IsolationCase(.namedDatabases), round: 2, p50: 65_000, p99: 9_000_000, canary: 40_000, lateness: 50_000,
            answered: 1_000, setAside: 700)
        #expect(Self.verdict(Self.idle, Self.bad, Self.calm, [spoilt]).answer == .yes)
    }

    @Test func `many rounds are judged by about seven parts, so that more of them make no answer harder`() {
        #expect(IsolationGate.parts([1, 2, 9, 4]) == [1, 2, 9, 4])
        let many = (0..<21).map { $0 % 3 == 1 ? 9.0 : 1 }
        #expect(IsolationGate.parts(many) == [1, 1, 1, 1, 1, 1, 1])
        #expect(IsolationGate.parts((0..<16).map(Double.init)).count == 8)
        #expect(IsolationGate.parts((0..<17).map(Double.init)).last == 15)
    }

    @Test func `the verdict is three sentences: the answer, the figures or the reason, and what the machine did`() {
        for (verdict, words) in [
            (Self.verdict(Self.idle, Self.bad, Self.harmed), ["VERDICT: NO, ", "930 µs against 165 µs", "1.5 ×"]),
            (Self.verdict(Self.idle, Self.bad, Self.calm), ["VERDICT: YES, ", "180 µs against 165 µs"]),
            (Self.verdict(Self.idle, Self.calm), ["VERDICT: UNDECIDED, ", "The reason: ", "run it again"]),
        ] {
            let sentences = verdict.text.split(separator: ". ")
            #expect(sentences.count == 3, "\(verdict.text)")
            #expect(sentences.allSatisfy { $0.count <= 200 }, "\(verdict.text)")
            for word in words + ["hides delays below 40.0 µs", "1.0 %"] {
                #expect(verdict.text.contains(word), "\(word): \(verdict.text)")
            }
        }
    }

    @Test func `what a machine hides is its canary or how far idle differs from itself`() {
        let wide = Self.rounds(.idle, [150, 300, 160, 170, 165])
        #expect(Self.verdict(wide, Self.bad, Self.calm).hiddenDelay == 150_000)
        #expect(Self.verdict(Self.rounds(.idle, [160], canary: 4_000)).hiddenDelay == 4_000_000)
    }

    @Test func `every claim about speed is left open where the verdict is`() {
        let layouts: [IsolationLayout] = [.considerate, .gentle, .oneDatabase, .separateServers, .separateConsiderate]
        let others = layouts.flatMap { Self.rounds($0, [170, 180, 160, 200, 190]) }
        func claims(_ idle: [IsolationRound]) -> [IsolationClaim] {
            IsolationClaim.all(IsolationGate(idle + Self.bad + Self.calm + others), flushes: [])
        }
        #expect(claims(Self.idle).count == 5)
        // 200 of 165 µs is near the limit of a gentle scan.
        #expect(claims(Self.idle).filter { $0.answer == .undecided }.count <= 1)
        let late = Self.rounds(.idle, Self.idleP99, canary: 90)
        #expect(claims(late).allSatisfy { $0.answer == .undecided })
    }

    @Test func `a claim is judged by its own limit and its own rounds`() {
        func claim(_ part: String, _ rounds: [IsolationRound]...) -> IsolationClaim.Answer? {
            let all = Self.idle + Self.bad + Self.harmed + rounds.flatMap { $0 }
            return IsolationClaim.all(IsolationGate(all), flushes: []).first { $0.claim.contains(part) }?.answer
        }
        let near = [220.0, 235, 205, 240, 228]
        #expect(claim("considerate", Self.rounds(.considerate, near, rate: 110_000)) == .holds)
        #expect(claim("considerate", Self.rounds(.considerate, near, rate: 90_000)) == .doesNotHold)
        #expect(claim("gentle", Self.rounds(.gentle, near, rate: 80_000)) == .doesNotHold)
        #expect(claim("gentle", Self.rounds(.gentle, [170, 175, 165, 180, 168], rate: 80_000)) == .holds)
        #expect(claim("gentle", Self.rounds(.gentle, [190, 205, 180, 210, 199], rate: 80_000)) == .undecided)
        #expect(claim("prefixes", Self.rounds(.oneDatabase, [910, 930, 880, 990, 940])) == .doesNotHold)
        #expect(claim("prefixes", Self.rounds(.oneDatabase, [1_800, 1_900, 1_700, 2_000, 1_850])) == .holds)
        #expect(claim("prefixes", Self.rounds(.oneDatabase, [1_300, 1_400, 1_300, 1_600, 1_350])) == .undecided)
    }

    // MARK: Kept runs

    /// The rounds of runs that were kept, by the names of their files.
    private static func kept(_ kind: String) throws -> [(name: String, rounds: [IsolationRound])] {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let folder = URL(fileURLWithPath: "/\(root)/Benchmarks/Results/rounds")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasPrefix(kind) }
        return try names.sorted().map { name in
            let text = try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
            return (name, try #require(IsolationRound.rounds(ofFile: text), "\(name)"))
        }
    }

    @Test func `kept runs of a machine that others kept busy are left undecided, in every claim`() throws {
        let runs = try Self.kept("noisy")
        #expect(runs.count >= 2)
        for (name, rounds) in runs {
            // Also where nobody tells what others took, and nothing was set aside.
            let untold = rounds.map {
                IsolationRound(
                    $0.case, round: $0.round, p50: $0.p50, p99: $0.p99, canary: $0.canary, lateness: $0.lateness,
                    answered: $0.answered, rate: $0.rate)
            }
            for gate in [IsolationGate(rounds), IsolationGate(untold)] {
                let verdict = IsolationVerdict(gate)
                #expect(verdict.answer == .undecided, "\(name): \(verdict.text)")
                let claims = IsolationClaim.all(gate, flushes: [])
                #expect(!claims.isEmpty && claims.allSatisfy { $0.answer == .undecided }, "\(name)")
            }
        }
    }

    @Test func `kept runs of a quiet machine are answered NO, also where others spoilt some of the rounds`() throws {
        let runs = try Self.kept("quiet")
        #expect(runs.count >= 2)
        for (name, rounds) in runs {
            let verdict = IsolationVerdict(IsolationGate(rounds))
            #expect(verdict.answer == .no, "\(name): \(verdict.text)")
        }
    }

    @Test func `the rounds of a run can be kept in a file and read again`() throws {
        let rounds =
            Self.idle + Self.bad
            + [
                IsolationRound(
                    IsolationCase(.namedDatabases, noise: .mget, rate: 500), round: 7, p50: 1_000, p99: 2_000,
                    canary: nil,
                    lateness: 5, answered: 1, setAside: 0, taken: nil)
            ]
        #expect(IsolationRound.rounds(ofFile: IsolationRound.file(rounds, about: "a test")) == rounds)
        #expect(IsolationRound.rounds(ofFile: "idle scan+hmget - 0 1") == nil)
    }
}
