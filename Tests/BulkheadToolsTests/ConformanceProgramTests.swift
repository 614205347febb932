import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

#if canImport(FoundationXML)
import FoundationXML
#endif

/// `bulkhead conformance` as its users call it.
@Suite struct ConformanceProgramTests {
    @Test func `a chapter passes on the server under test, and is reported in every form`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("conformance-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let junit = folder.appendingPathComponent("results.xml")
        let page = folder.appendingPathComponent("page.html")
        let outcome = try await Bulkhead.run(
            "conformance", "--url", server.url, "--chapter", "types", "--destructive", "--json",
            "--junit", junit.path, "--page", page.path)
        #expect(outcome.exitCode == 0, "\(outcome.errors)\(outcome.text)")
        #expect(outcome.errors.contains("writes keys that begin with bulkhead-conformance:"))
        let document = try #require(JSONSerialization.jsonObject(with: outcome.output) as? [String: Any])
        let results = try #require(document["results"] as? [[String: Any]])
        #expect(results.count > 100)
        #expect(results.allSatisfy { $0["chapter"] as? String == "types" })
        for file in [junit, page] {
            // Both are well-formed XML.
            let parser = XMLParser(data: try Data(contentsOf: file))
            #expect(parser.parse(), "\(file.lastPathComponent): \(String(describing: parser.parserError))")
        }
    }

    @Test func `a failure exits with 1 and shows the case, what was expected and what came`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("Own-\(UUID()).cases")
        try "title Own\nsource y\ncase wrong: PING answers PANG.\n > PING => +PANG\n".write(
            to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let outcome = try await Bulkhead.run("conformance", "--url", server.url, "--cases", file.path)
        #expect(outcome.exitCode == 1)
        #expect(outcome.text.contains("PING answers PANG."))
        #expect(outcome.text.contains(#"line 4, > PING => +PANG: the reply is +"PONG""#))
        #expect(outcome.text.contains("0 passed, 2 failed, 0 not offered."))
    }

    @Test(arguments: [
        (["--chapter", "nonsense"], 64, "no chapter is named 'nonsense'"),
        (["--databases", "1,1,2"], 64, "three different numbers"),
        (["--as", "seven"], 64, "--as takes a version of Redis, such as 7.2"),
        (["--url", "unix:///nonexistent/socket"], 2, "cannot connect to unix:/nonexistent/socket"),
        (["--cases", "/nonexistent.cases", "--list"], 65, "opening /nonexistent.cases failed"),
    ])
    func `wrong calls say what is wrong`(_ words: [String], _ exitCode: Int32, _ reason: String) async throws {
        let outcome = try await Bulkhead.run(["conformance"] + words)
        #expect(outcome.exitCode == exitCode)
        #expect(outcome.errors.contains(reason))
    }

    @Test func `a server can be judged as an older one, and is named as it names itself`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let outcome = try await Bulkhead.run(
            "conformance", "--url", server.url, "--chapter", "scripting", "--as", "6.2")
        #expect(outcome.text.hasPrefix("\(server.flavour.rawValue) \(server.version) at unix:"), "\(outcome.text)")
        #expect(outcome.text.hasSuffix(" not offered.\n"))
        #expect(!outcome.text.hasSuffix(" 0 not offered.\n"))
    }

    @Test func `the list names every case and connects nothing`() async throws {
        let outcome = try await Bulkhead.run("conformance", "--list", "--chapter", "handshake")
        #expect(outcome.exitCode == 0)
        #expect(outcome.text.contains("  handshake/hello-3  HELLO 3 answers the same fields as a map."))
    }

    @Test func `a password is used and never shown`() async throws {
        let server = try RedisTestServer.start(RedisTestServer.Options(arguments: ["--requirepass", "geheim"]))
        defer { server.stop() }
        let url = server.url.replacing("unix://", with: "unix://:geheim@")
        let good = try await Bulkhead.run("conformance", "--url", url, "--chapter", "types", "--json")
        #expect(good.exitCode == 0, "\(good.errors)")
        #expect(!good.text.contains("geheim") && !good.errors.contains("geheim"))
        let bad = try await Bulkhead.run(
            "conformance", "--url", server.url.replacing("unix://", with: "unix://:falsch@"), "--chapter", "types")
        #expect(bad.exitCode == 2)
        #expect(bad.errors.contains("the login was refused: WRONGPASS"))
        #expect(!bad.errors.contains("falsch"))
    }
}
