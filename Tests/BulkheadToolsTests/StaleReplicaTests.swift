import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

/// A replica that has lost its primary has what was there then.
@Suite("Replicas without a link", .serialized, .timeLimit(.minutes(10))) struct StaleReplicaTests {
    private func said(_ outcome: Bulkhead.Outcome) -> String {
        (outcome.text + outcome.errors).split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    @Test func `whatever reads from one says so`() async throws {
        try await withToolServer { server, databases in
            for index in 0..<20 { try await databases[.main].set("key:\(index)", "\(index)") }
            try await databases[.main].send("REPLICAOF", "127.0.0.1", 1)
            try await withToolServer { other, _ in
                try await withBackupFolder { folder in
                    let path = folder + "/main.rdb"
                    let words = "is a replica, and has had no link to its primary"
                    for (call, exitCode) in [
                        (["backup", "main", "--to", path], Int32(0)), (["check", "main"], 1), (["doctor"], 1),
                        (["diff", "main", "main", "--right-url", server.url], 0),
                        (["migrate", "--from", "main", "--all", "--copy", "--to-url", other.url], 0),
                    ] {
                        let outcome = try await Bulkhead.run(call + ["--url", server.url])
                        #expect(outcome.exitCode == exitCode, "\(call[0]): \(outcome.errors)")
                        #expect(said(outcome).contains(words), "\(call[0]): \(outcome.text) \(outcome.errors)")
                        #expect(!said(outcome).contains("for -1 s"))
                    }
                    let manifest = try manifest(path)
                    #expect(manifest.server.linkToPrimary == "down")
                    #expect(manifest.consistency == .fuzzy)
                }
            }
        }
    }

    @Test func `one with its link, and one that never had one, are told from those`() {
        func facts(_ info: [String: String]) -> ServerFacts {
            var facts = ServerFacts()
            facts.info = info
            return facts
        }
        #expect(facts(["role": "master"]).lag == nil)
        #expect(facts(["role": "slave", "master_link_status": "up"]).lag == nil)
        let lost = facts([
            "role": "slave", "master_link_status": "down", "master_link_down_since_seconds": "90",
        ])
        #expect(lost.lag == "is a replica, and has had no link to its primary for 90 s")
        for never in ["-1", "1790000000"] {
            let facts = facts([
                "role": "slave", "master_link_status": "down", "master_link_down_since_seconds": never,
            ])
            #expect(facts.lag == "is a replica, and has had no link to its primary")
            #expect(facts.secondsWithoutLink == nil)
        }
    }
}
