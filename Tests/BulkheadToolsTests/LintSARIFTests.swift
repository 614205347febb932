import BulkheadLint
import Foundation
import Testing

@Suite("Lint's SARIF", .timeLimit(.minutes(10))) struct LintSARIFTests {
    /// Of the objects that are written: the members that the schema of SARIF 2.1.0 requires, and the others that it
    /// knows and that are written here. It allows no further ones.
    private static let objects: [String: (required: Set<String>, known: Set<String>)] = [
        "sarifLog": (["version", "runs"], ["$schema"]),
        "run": (["tool"], ["columnKind", "results", "invocations"]),
        "tool": (["driver"], []),
        "driver": (["name"], ["rules"]),
        "rules": (["id"], ["shortDescription", "fullDescription", "help"]),
        "shortDescription": (["text"], []), "fullDescription": (["text"], []), "help": (["text"], []),
        "results": (["message"], ["ruleId", "ruleIndex", "level", "locations"]),
        "message": (["text"], []),
        "locations": ([], ["physicalLocation"]),
        "physicalLocation": (["artifactLocation"], ["region"]),
        "artifactLocation": ([], ["uri"]),
        "region": ([], ["startLine", "startColumn"]),
        "invocations": (["executionSuccessful"], ["toolExecutionNotifications"]),
        "toolExecutionNotifications": (["message"], ["level", "locations"]),
    ]

    private func check(_ value: Any, as name: String) {
        if let list = value as? [Any] {
            for item in list { check(item, as: name) }
        } else if let object = value as? [String: Any] {
            guard let (required, known) = Self.objects[name] else {
                Issue.record("no object \(name) is known")
                return
            }
            #expect(required.isSubset(of: object.keys), "\(name) lacks members")
            #expect(Set(object.keys).isSubset(of: required.union(known)), "\(name) has members too many")
            for (key, member) in object { check(member, as: key == "runs" ? "run" : key) }
        }
    }

    @Test func `a log has the members that its schema requires, and no others`() async throws {
        try await withFolder(["a b/ä.sh": "# é\nredis-cli -a hunter2 -n 3 flushall\n", "c.py": "x = 1\n"]) { folder in
            try Data([0, 1]).write(to: folder.appendingPathComponent("d.py"))
            let outcome = try await shell("bulkhead lint --format sarif", in: folder)
            #expect(outcome.exitCode == 1)
            let log = try #require(try JSONSerialization.jsonObject(with: outcome.output) as? [String: Any])
            check(log, as: "sarifLog")
            #expect(log["version"] as? String == "2.1.0")
            #expect(!outcome.text.contains("hunter2"))

            let run = try #require((log["runs"] as? [[String: Any]])?.first)
            let driver = try #require((run["tool"] as? [String: Any])?["driver"] as? [String: Any])
            let rules = try #require(driver["rules"] as? [[String: Any]])
            #expect(rules.map { $0["id"] as? String } == LintRule.allCases.map(\.rawValue))
            let results = try #require(run["results"] as? [[String: Any]])
            #expect(results.map { $0["ruleId"] as? String } == ["database-number", "flush"])
            for result in results {
                let index = try #require(result["ruleIndex"] as? Int)
                #expect(rules[index]["id"] as? String == result["ruleId"] as? String)
                #expect(["none", "note", "warning", "error"].contains(result["level"] as? String))
            }
            let place = try #require((results[1]["locations"] as? [[String: Any]])?.first?["physicalLocation"])
            let parts = try #require(place as? [String: [String: Any]])
            #expect(parts["artifactLocation"]?["uri"] as? String == "a%20b/%C3%A4.sh")
            #expect(parts["region"] as? [String: Int] == ["startLine": 2, "startColumn": 27])
            let invocation = try #require((run["invocations"] as? [[String: Any]])?.first)
            #expect(invocation["executionSuccessful"] as? Bool == true)
            #expect((invocation["toolExecutionNotifications"] as? [Any])?.count == 1)
        }
    }

    @Test func `a run that finds nothing is a whole log too`() async throws {
        try await withFolder(["c.py": "x = 1\n"]) { folder in
            let outcome = try await shell("bulkhead lint --format sarif c.py none.py", in: folder)
            let log = try #require(try JSONSerialization.jsonObject(with: outcome.output) as? [String: Any])
            check(log, as: "sarifLog")
            let run = try #require((log["runs"] as? [[String: Any]])?.first)
            #expect((run["results"] as? [Any])?.isEmpty == true)
            let invocation = try #require((run["invocations"] as? [[String: Any]])?.first)
            #expect(invocation["executionSuccessful"] as? Bool == false)
        }
    }
}
