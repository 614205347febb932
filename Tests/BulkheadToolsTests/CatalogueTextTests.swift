import Bulkhead
import BulkheadTestServer
import Foundation
import Testing

@testable import BulkheadTools

@Suite("The catalogue to start from") struct CatalogueTextTests {
    @Test func `the catalogue to start from is one, and the same as the standard one`() async throws {
        let outcome = try await Bulkhead.run("catalogue")
        #expect(try DatabaseCatalogue(json: Array(outcome.output)) == .standard)
    }

    @Test func `numbers with keys and no name get one in the catalogue to start from`() async throws {
        try await withToolServer { server, databases in
            try await databases["db7"].set("key", "value")
            let outcome = try await Bulkhead.run("catalogue", "--url", server.url)
            let catalogue = try DatabaseCatalogue(json: Array(outcome.output))
            #expect(catalogue.entries.dropLast() == DatabaseCatalogue.standard.entries[...])
            #expect(catalogue.entries.last == DatabaseEntry("db7", number: 7))
        }
    }

    @Test func `a name with a server of its own is left out, and its password nowhere`() async throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("catalogue-\(UUID()).json")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(
            #"""
            {"databases": [{"name": "main", "number": 0, "purpose": "say \"hi\""},
                {"name": "alias", "number": 0, "alias_of": "main"},
                {"name": "far", "number": 1, "url": "redis://:s3cret@far"}]}
            """#.utf8
        ).write(to: file)
        let outcome = try await Bulkhead.run("catalogue", "--catalogue", file.path)
        let whole = try DatabaseCatalogue(contentsOfFile: file.path)
        #expect(try DatabaseCatalogue(json: Array(outcome.output)).entries[...] == whole.entries.dropLast())
        #expect(outcome.errors.contains("far"))
        #expect(!(outcome.text + outcome.errors).contains("s3cret"))
    }

    private func printed(_ text: String) throws -> (whole: DatabaseCatalogue, file: CatalogueText) {
        let whole = try DatabaseCatalogue(json: Array(text.utf8))
        return (whole, CatalogueText(of: whole.entries))
    }

    @Test func `every setting of a name is printed, and reads back equal`() throws {
        let (whole, file) = try printed(
            #"""
            {"databases": [
                {"name": "main", "number": 0, "reads": "replica-preferred", "max_staleness": 2.001,
                    "replicas": ["redis://a:1", "rediss://b:2", "unix:///run/a%20b%3F.sock"]},
                {"name": "zone", "number": 1, "reads": "same-zone"},
                {"name": "kept", "number": 2, "copies": ["redis://[::1]:7000", {"url": "rediss://c", "weight": 0.5}]},
                {"name": "small", "number": 3, "budget": {"max_leases": 2, "max_waiters": 0, "max_requests": 10,
                    "max_unwritten_bytes": 1048576, "scan_pace": "200us"}},
                {"name": "other", "number": 3, "url": "redis://other"},
                {"name": "alias", "number": 3, "alias_of": "other"},
                {"name": "group", "number": 0, "sentinels": ["s1", "rediss://s2:1"], "primary": "rediss://mymaster"},
                {"name": "cluster", "number": 0, "cluster": ["rediss://n1", "rediss://n2:7000"]}
            ]}
            """#)
        #expect(file.leftOut == [])
        #expect(try DatabaseCatalogue(json: Array(file.text.utf8)) == whole, "\(file.text)")
    }

    @Test func `what a login belongs to is left out and named, and nothing else`() throws {
        let (_, file) = try printed(
            #"""
            {"databases": [
                {"name": "main", "number": 0, "reads": "replica-preferred",
                    "replicas": ["redis://a", "redis://:pw@b"]},
                {"name": "kept", "number": 1, "copies": [{"url": "redis://u:pw@c", "weight": 2}],
                    "budget": {"max_leases": 1}},
                {"name": "far", "number": 2, "url": "redis://:pw@far"},
                {"name": "near", "number": 2, "alias_of": "far"},
                {"name": "checked", "number": 3, "url": "rediss://far?tls_verify=none"},
                {"name": "group", "number": 0, "sentinels": ["redis://:pw@s1"], "primary": "mymaster"},
                {"name": "cluster", "number": 0, "cluster": ["redis://:pw@n1"]}
            ]}
            """#)
        #expect(
            file.leftOut == ["replicas of main", "copies of kept", "far", "near", "checked", "group", "cluster"])
        #expect(!file.text.contains("pw"))
        let left = try DatabaseCatalogue(json: Array(file.text.utf8))
        #expect(left.entries.map(\.name) == ["main", "kept"])
        #expect(left.entries[0].reads == .replicaPreferred() && left.entries[1].budget.maximumLeases == 1)
    }

    @Test func `every member that a file may have is in the help`() async throws {
        for some in ["databases", "name", "max_staleness", "weight", "scan_pace"] {
            #expect(DatabaseCatalogue.fileMembers.contains(some))
        }
        let outcome = try await Bulkhead.run("help", "catalogue")
        let words = outcome.text.split { !($0.isLetter || $0 == "_") }.map(String.init)
        for member in DatabaseCatalogue.fileMembers { #expect(words.contains(member), "\(member)") }
    }
}
