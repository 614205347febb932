import Testing

@testable import BenchmarkSupport

@Suite struct IsolationPlanTests {
    @Test func `every layout comes once a round, idle first, and rounds follow each other`() {
        let plan = RoundPlan(rounds: 2, layouts: [.separateServers, .idle, .namedDatabases, .oneDatabase])
        #expect(plan.steps.map(\.layout) == IsolationLayout.allCases + IsolationLayout.allCases)
        #expect(plan.steps.map(\.round) == [0, 0, 0, 0, 1, 1, 1, 1])
    }

    @Test func `a layout that cannot be measured is left out`() {
        let plan = RoundPlan(rounds: 1, layouts: [.idle, .oneDatabase, .namedDatabases])
        #expect(plan.steps.map(\.layout) == [.idle, .oneDatabase, .namedDatabases])
    }

    @Test func `an empty command line is a valid measurement that ends within two minutes`() throws {
        guard case .run(let settings) = try IsolationSettings.table.parse([]) else {
            Issue.record("an empty line asks for help")
            return
        }
        #expect(settings.contradiction == nil)
        let steps = settings.rounds * IsolationLayout.allCases.count
        #expect(Double(steps) * (settings.seconds + settings.warmUp) < 90)
    }

    @Test(arguments: [
        (["--second-url", "redis://b"], "--url"),
        (["--url", "redis://a", "--unix-socket"], "--unix-socket"),
        (["--url", "redis://a", "--server-core", "0"], "--server-core"),
        (["--url", "redis://a", "--second-server-core", "0"], "--second-server-core"),
        (["--dimensions", "500"], "384 or 768"),
        (["--url", "redis://a", "--large-reply", "50"], "--large-reply"),
        (["--unix-socket", "--large-reply", "50"], "--large-reply"),
    ])
    func `options that contradict each other are refused with the option's name`(line: [String], name: String) throws {
        guard case .run(let settings) = try IsolationSettings.table.parse(line) else {
            Issue.record("the line asks for help")
            return
        }
        #expect(try #require(settings.contradiction).contains(name))
    }

    @Test func `help stays within 80 columns`() throws {
        guard case .help(let text) = try IsolationSettings.table.parse(["--help"]) else {
            Issue.record("no help")
            return
        }
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 })
        #expect(text.contains("--second-server-core"))
    }
}
