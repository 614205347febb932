import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

#if canImport(FoundationXML)
import FoundationXML
#endif

@testable import BulkheadTools

@Suite("The page of a check", .timeLimit(.minutes(10))) struct CheckPageTests {
    /// Collects what a page consists of.
    private final class Elements: NSObject, XMLParserDelegate {
        var names: Set<String> = []
        var attributes: [(element: String, name: String, value: String)] = []
        var text = ""

        func parser(
            _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
            attributes: [String: String] = [:]
        ) {
            names.insert(name)
            for (key, value) in attributes { self.attributes.append((name, key, value)) }
        }

        func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }
    }

    private func parsed(_ page: String) throws -> Elements {
        let elements = Elements()
        let parser = XMLParser(data: Data(page.replacingOccurrences(of: "<!DOCTYPE html>", with: "").utf8))
        parser.delegate = elements
        try #require(parser.parse(), "line \(parser.lineNumber): \(String(describing: parser.parserError))")
        return elements
    }

    @Test func `it is well formed, needs nothing from anywhere, and shows keys as they are`() async throws {
        try await withToolServer { server, databases in
            try await fillForCheck(databases)
            try await databases[.main].send("SET", "<img src=x onerror=alert(1)>:x", "v")
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("check-\(UUID())")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
            defer { try? FileManager.default.removeItem(at: folder) }
            let file = folder.appendingPathComponent("check.html")
            let outcome = try await Bulkhead.run("check", "--url", server.url, "--html", file.path, "--sample", "200")
            #expect(outcome.exitCode == 1)
            let page = try String(contentsOf: file, encoding: .utf8)
            let elements = try parsed(page)
            #expect(elements.names.isDisjoint(with: ["script", "img", "link", "iframe", "object", "a"]))
            #expect(elements.names.isSuperset(of: ["svg", "table", "main", "h1", "style"]))
            for (element, name, value) in elements.attributes {
                #expect(!["src", "href", "onclick", "onload"].contains(name), "\(element) \(name)")
                #expect(!value.contains("url("), "\(element) \(name)")
            }
            #expect(!page.contains("@import") && !page.contains("http://") && !page.contains("https://"))
            #expect(page.contains("default-src 'none'"))
            #expect(page.contains("prefers-color-scheme: dark"))
            // As text, not as markup.
            #expect(elements.text.contains("<img src=x onerror=alert(1)>:"))
            #expect(
                elements.text.contains(
                    "bulkhead migrate --url \(server.url) --from main --to knowledge --pattern 'llama"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["check.html"])
        }
    }

    @Test func `a chart that is seen is also said`() async throws {
        try await withToolServer { server, databases in
            try await fillForCheck(databases)
            let elements = try parsed(CheckPage(report: try await report(on: server)).text)
            let labels = elements.attributes.filter { $0.name == "aria-label" }.map(\.value)
            #expect(labels.contains { $0.hasPrefix("main: string 89 %, hash 10 %") }, "\(labels)")
            let images = elements.attributes.count { $0.name == "role" && $0.value == "img" }
            #expect(images == labels.count)
            #expect(elements.attributes.contains { $0.element == "html" && $0.name == "lang" })
        }
    }

    @Test func `what is interpolated is escaped, also where no page may hold it`() throws {
        let key = "<&>\"'\u{0}\u{1b}\u{FFFE}é"
        let piece: HTML = "<p title=\"\(key)\">\(key)</p>"
        #expect(piece.description.hasPrefix("<p title=\"&lt;&amp;&gt;&quot;&#39;"))
        #expect(try parsed(piece.description).text == "<&>\"'\u{FFFD}\u{FFFD}\u{FFFD}é")
    }

    @Test func `a page that cannot be written fails with its folder, and leaves what was there`() async throws {
        try await withToolServer { server, _ in
            let outcome = try await Bulkhead.run("check", "--url", server.url, "--html", "/does/not/exist/check.html")
            #expect(outcome.exitCode == 74)
            #expect(outcome.errors.contains("creating a file in /does/not/exist failed: No such file or directory"))
        }
    }
}

@Suite("Checking a snapshot", .timeLimit(.minutes(10))) struct CheckSnapshotTests {
    @Test func `a snapshot gives the numbers of the server that wrote it`() async throws {
        try await withToolServer { server, databases in
            try await fillForCheck(databases)
            let live = try await report(on: server, sample: nil)
            try await databases[.main].send("SAVE")
            let path = "\(server.folder)/dump.rdb"
            let outcome = try await Bulkhead.run("check", "--rdb", path, "--json")
            #expect(outcome.exitCode == 1)
            let json = try #require(try JSONSerialization.jsonObject(with: outcome.output) as? [String: Any])
            #expect(json["source"] as? String == "snapshot")
            #expect(json["measure"] as? String == "serialised size")
            let servers = try #require(json["servers"] as? [[String: Any]])
            let found = try #require(servers[0]["databases"] as? [[String: Any]])
            #expect(found.map { $0["name"] as? String } == live.servers[0].databases.map(\.name))
            for (database, expected) in zip(found, live.servers[0].databases) {
                #expect(database["keys"] as? Int == expected.keys)
                let types = try #require(database["types"] as? [[String: Any]])
                let counts = types.map { ($0["type"] as? String, ($0["keys"] as? [String: Int])?["estimate"]) }
                #expect(counts.map(\.0) == expected.types.map(\.type))
                #expect(counts.map(\.1) == expected.types.map(\.keys.value))
                let misplaced = (database["misplaced"] as? [[String: Any]])?.map { $0["keys"] as? Int }
                #expect(misplaced == expected.misplaced.map(\.keys))
                #expect((database["expiring"] as? [String: Int])?["estimate"] == expected.expiring?.value)
            }
            let text = try await Bulkhead.run("check", "knowledge", "--rdb", path)
            #expect(text.exitCode == 0)
            #expect(text.text.contains("Sizes are those in the file"))
        }
    }

    @Test func `a damaged snapshot is refused with its place, and gives no figures`() async throws {
        try await withToolServer { server, databases in
            try await fillForCheck(databases)
            try await databases[.main].send("SAVE")
            let whole = try Data(contentsOf: URL(fileURLWithPath: "\(server.folder)/dump.rdb"))
            for (bytes, words) in [
                (whole.dropLast(20), "ends inside"), (whole.dropLast() + [whole.last! ^ 1], "checksum"),
                (Data(), "ends"), (Data("not a snapshot at all".utf8), "byte 0"),
            ] {
                let outcome = try await Bulkhead.shell("bulkhead check --rdb -", input: bytes)
                #expect(outcome.exitCode == 65)
                #expect(outcome.output.isEmpty)
                #expect(outcome.errors.contains(words), "\(outcome.errors)")
            }
        }
    }
}
