import Testing

@testable import BulkheadBenchmarkSupport

@Suite struct IsolationPlanTests {
    @Test func `every case comes once a round, idle first, and rounds follow each other`() {
        let cases = RoundPlan.cases(layouts: [.separateServers, .idle, .namedDatabases], noises: [.vectors], rates: [])
        #expect(cases.map(\.layout) == [.idle, .namedDatabases, .separateServers])
        let plan = RoundPlan(rounds: 2, cases: cases)
        #expect(plan.steps.map(\.case) == cases + cases)
        #expect(plan.steps.map(\.round) == [0, 0, 0, 1, 1, 1])
    }

    @Test func `what is to be as fast as idle is measured right after it`() {
        let cases = RoundPlan.cases(layouts: IsolationLayout.allCases, noises: [.keys], rates: [500])
        let order = RoundPlan(rounds: 1, cases: cases).steps.map(\.case.name)
        #expect(order.prefix(4) == ["idle", "considerate scan", "gentle scan", "separate, paced"])
        #expect(order.suffix(3) == ["idle, 500/s", "considerate scan, 500/s", "named databases, 500/s"])
        #expect(Set(order) == Set(cases.map(\.name)))
    }

    @Test func `of many rounds what is far from idle is measured in a few`() {
        let cases = RoundPlan.cases(layouts: IsolationLayout.allCases, noises: [.keys], rates: [])
        let steps = RoundPlan(rounds: 21, cases: cases).steps
        func rounds(_ layout: IsolationLayout) -> [Int] {
            steps.filter { $0.case == IsolationCase(layout) }.map(\.round)
        }
        #expect(rounds(.idle) == Array(0..<21) && rounds(.gentle) == Array(0..<21))
        #expect(rounds(.oneConnection) == [0, 3, 6, 9, 12, 15, 18])
    }

    @Test func `rounds that the machine spoilt are measured again with their idle, within a bound`() throws {
        func round(_ layout: IsolationLayout, _ number: Int, isSpoilt: Bool) -> IsolationRound {
            IsolationRound(
                IsolationCase(layout), round: number, p50: 1, p99: 2, canary: nil, lateness: 0, answered: 10,
                setAside: isSpoilt ? 9 : 0)
        }
        let measured = (0..<5).flatMap { number in
            [round(.idle, number, isSpoilt: false), round(.gentle, number, isSpoilt: number == 3)]
        }
        let steps = try #require(RoundPlan.repeated(measured, rounds: 5, repeats: 0))
        #expect(steps.map(\.case.layout) == [.idle, .gentle])
        // Not about the time of the rounds before.
        #expect(steps.allSatisfy { $0.round - 4 > IsolationGate.nearRounds })
        #expect(RoundPlan.repeated(measured, rounds: 5, repeats: 3) == nil)
        #expect(RoundPlan.repeated(measured + [round(.gentle, 7, isSpoilt: false)], rounds: 5, repeats: 1) == nil)
        #expect(RoundPlan.repeated(measured.filter { !$0.isSpoilt }, rounds: 5, repeats: 0) == nil)
    }

    @Test func `other noises are made in named databases, and other rates have an idle of their own`() {
        let cases = RoundPlan.cases(layouts: [.idle, .namedDatabases], noises: [.vectors, .keys], rates: [8_000])
        #expect(
            cases.map(\.name) == [
                "idle", "named databases", "KEYS", "idle, 8,000/s", "named databases, 8,000/s",
                "considerate scan, 8,000/s",
            ])
        #expect(cases.last?.idle == IsolationCase(.idle, rate: 8_000))
        #expect(Set(cases.map(\.name)).count == cases.count)
    }

    @Test func `layouts and noises have words of their own for the command line`() throws {
        let words = IsolationLayout.allCases.map(\.word) + IsolationNoise.allCases.map(\.word)
        #expect(Set(words).count == words.count)
        #expect(words.allSatisfy { !$0.contains(" ") && !$0.contains(",") })
        let line = ["--layouts", "gentle-scan,cluster", "--noises", "scan-10000,keys"]
        let settings = try IsolationSettings.parsed(line)
        #expect(settings.layouts == ["gentle-scan", "cluster"] && settings.noises == ["scan-10000", "keys"])
    }

    @Test func `full means all noises, more rates and longer rounds, but what was asked for stays`() {
        var settings = IsolationSettings()
        settings.full = true
        #expect(settings.resolved.noises.count == IsolationNoise.allCases.count)
        #expect(settings.resolved.rounds > IsolationSettings().rounds)
        #expect(settings.resolved.otherRates == [500, 8_000])
        settings.rounds = 2
        #expect(settings.resolved.rounds == 2)
        #expect(IsolationSettings().resolved == IsolationSettings() && IsolationSettings().otherRates.isEmpty)
    }

    @Test func `an empty command line is a valid measurement that ends within two minutes`() throws {
        let settings = try IsolationSettings.parsed([])
        #expect(settings.contradiction == nil)
        let steps = settings.rounds * IsolationLayout.allCases.count
        #expect(Double(steps) * (settings.seconds + settings.warmUp) < 110)
    }

    @Test(arguments: [
        (["--second-url", "redis://b"], "--url"),
        (["--url", "redis://a", "--unix-socket"], "--unix-socket"),
        (["--url", "redis://a", "--server-core", "0"], "--server-core"),
        (["--url", "redis://a", "--second-server-core", "0"], "--second-server-core"),
        (["--dimensions", "500"], "384 or 768"),
        (["--url", "redis://a", "--full"], "--full"),
        (["--url", "redis://a", "--noises", "keys"], "--noises"),
        (["--url", "redis://a", "--large-reply", "50"], "--large-reply"),
        (["--unix-socket", "--large-reply", "50"], "--large-reply"),
        (["--large-reply", "50", "--html", "report.html"], "--html"),
        (["--large-reply", "50", "--layouts", "cluster"], "--layouts"),
        (["--large-reply", "50", "--full"], "--full"),
        (["--large-reply", "50", "--rounds-file", "r"], "--rounds-file"),
    ])
    func `options that contradict each other are refused with the option's name`(line: [String], name: String) throws {
        let settings = try IsolationSettings.parsed(line)
        #expect(try #require(settings.contradiction).contains(name))
    }

    @Test func `help stays within 80 columns`() throws {
        let lines = try IsolationSettings.help()
        #expect(lines.allSatisfy { $0.count <= 80 })
        #expect(lines.contains { $0.contains("--second-server-core") })
        let words =
            IsolationLayout.allCases.map(\.word) + IsolationNoise.allCases.map(\.word)
            + ["canary", "set aside", "spoilt", "range", "UNDECIDED", "× idle", "holds, but"]
        for word in words {
            #expect(lines.contains { $0.hasPrefix("  " + word + " ") }, "\(word) is not explained")
        }
    }
}
