import BulkheadConformance
import BulkheadTestServer
import BulkheadTestSupport
import Testing

/// The cases about clusters, on a primary of a real one.
@Suite(.enabled(if: TestTier.hasTime)) struct ConformanceClusterTests {
    @Test func `a primary of a cluster passes every case about clusters, and is whole afterwards`() throws {
        let cluster = try RedisTestCluster.start()
        defer { cluster.stop() }
        let address = try #require(cluster.addresses.first?.split(separator: ":"))
        let target = ConformanceTarget(host: String(address[0]), port: try #require(Int(address[1])))
        var options = ConformanceOptions()
        options.allowsDestructive = true
        options.timeLimit = .seconds(60)
        let report = try ConformanceRun(target, options, chapters: try ConformanceChapter.own()).run()
        for failure in report.failures {
            Issue.record("\(failure.id) RESP\(failure.resp): \(failure.reason ?? "")")
        }
        #expect(report.count(.pass) >= 50)
        #expect(report.results.allSatisfy { $0.chapter == "cluster" || $0.outcome == .notOffered })

        let check = try ConformanceChapter(
            named: "x",
            """
            title x
            source y
            case whole: All slots are served and none is on its way.
              cluster
              > CLUSTER INFO => <text "*cluster_state:ok*cluster_slots_assigned:16384*cluster_slots_ok:16384*">
            """)
        #expect(try ConformanceRun(target, options, chapters: [check]).run().count(.pass) == 2)
    }

    @Test func `a server alone is not judged by cases about clusters`() throws {
        try withConformanceServer { target, options, _ in
            let chapters = try ConformanceChapter.own().filter { $0.name == "cluster" }
            let report = try ConformanceRun(target, options, chapters: chapters).run()
            #expect(report.count(.notOffered) == report.results.count && !report.results.isEmpty)
            for result in report.results {
                let reason = result.reason ?? ""
                let isExpected = ["it is about a primary of a cluster of several", "it is about other versions"]
                    .contains { reason.hasPrefix($0) }
                #expect(isExpected, "\(result.id): \(reason)")
            }
        }
    }
}
