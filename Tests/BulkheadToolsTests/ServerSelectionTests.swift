import Bulkhead
import Foundation
import Testing

@testable import BulkheadTools

@Suite("The server and the names a command works with") struct ServerSelectionTests {
    private func selection(
        _ words: String..., environment: [String: String] = [:]
    ) throws(ProgramFailure) -> ServerSelection {
        try ServerSelection(
            Arguments(reading: words, flags: ServerSelection.flags, of: "bulkhead test"), environment: environment)
    }

    private func refusal(_ body: () throws(ProgramFailure) -> Void) -> ProgramFailure? {
        do {
            try body()
            return nil
        } catch { return error }
    }

    @Test func `a flag goes before the environment, and the environment before the default`() throws {
        #expect(try selection().configuration.address == "127.0.0.1:6379")
        #expect(try selection(environment: ["REDIS_PORT": "7000"]).configuration.address == "127.0.0.1:7000")
        let both = try selection("--url", "redis://cache:1", environment: ["REDIS_PORT": "7000"])
        #expect(both.configuration.address == "cache:1")
    }

    @Test func `a login of the environment completes a URL without one, and never mixes with another`() throws {
        let environment = ["REDIS_USERNAME": "operator", "REDIS_PASSWORD": "secret"]
        let completed = try selection("--url", "redis://cache", environment: environment)
        #expect(completed.configuration.username == "operator")
        #expect(completed.configuration.password != nil)
        let own = try selection("--url", "redis://:own@cache", environment: environment)
        #expect(own.configuration.username == nil)
    }

    @Test func `a database is known by its name and by its number`() throws {
        let selection = try selection()
        #expect(try selection.entry("knowledge").number == 1)
        #expect(try selection.entry("1").name == .knowledge)
        #expect(try selection.entry("7") == DatabaseEntry("db7", number: 7))
    }

    @Test(arguments: ["knowlege", "", "-1", "01", "1.0", "99999999999999999999", "knowledge "])
    func `what is neither is refused, never taken for database 0`(word: String) throws {
        let selection = try selection()
        let failure = refusal { () throws(ProgramFailure) in _ = try selection.entry(word) }
        #expect(failure?.exitCode == .usage)
        #expect(failure?.message?.contains("no database is named '\(word)'") == true)
    }

    @Test func `a number that is shared stands for the name that is no alias`() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("catalogue-\(UUID()).json")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(#"{"databases":[{"name":"cache","number":0,"alias_of":"db5"},{"name":"db5","number":0}]}"#.utf8)
            .write(to: file)
        let selection = try selection("--catalogue", file.path)
        #expect(try selection.entry("0").name == "db5")
        // The name that number 5 would get is taken.
        #expect(try selection.entry("5").name == "db5_")
        let open = try selection.open([try selection.entry("5")])
        #expect(try open["db5_"].number == 5)
        #expect(try open["cache"].number == 0)
    }

    @Test func `tools open every name at its own server, whoever else answers its reads or has a copy`() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("catalogue-\(UUID()).json")
        defer { try? FileManager.default.removeItem(at: file) }
        let text = #"""
            {"databases":[{"name":"main","number":0,"reads":"replica-preferred"},
            {"name":"kept","number":1,"copies":["redis://other"]}]}
            """#
        try Data(text.utf8).write(to: file)
        let selection = try selection("--catalogue", file.path)
        #expect(selection.catalogue.entries.contains { $0.reads != .primary })
        #expect(selection.catalogue.entries.contains { $0.copies != RedisCopies() })
        for opened in [try selection.open(), try selection.open(only: try selection.entry("main"))] {
            for entry in opened.catalogue.entries {
                #expect(entry.reads == .primary && entry.copies == RedisCopies())
            }
        }
    }

    /// With number 3 on another server, under a name and its alias.
    private func withVectors(_ body: (String) throws -> Void) throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("catalogue-\(UUID()).json")
        defer { try? FileManager.default.removeItem(at: file) }
        let text = #"""
            {"databases":[{"name":"embeddings","number":3,"alias_of":"vectors"},{"name":"main","number":0},
            {"name":"vectors","number":3,"url":"redis://other"}]}
            """#
        try Data(text.utf8).write(to: file)
        try body(file.path)
    }

    @Test func `a number is one of the server that was named, and no alias's of another`() throws {
        try withVectors { file in
            let selection = try selection("--catalogue", file)
            #expect(try selection.entry("3") == DatabaseEntry("db3", number: 3))
            let vectors = try selection.entry("vectors")
            #expect(selection.entry(ofNumber: 3, on: vectors.server) == vectors)
            let plan = try MigrationPlan(arguments("--from", "embeddings", "--to", "3"), selection)
            #expect(plan.to.name == "db3")
            let failure = refusal { () throws(ProgramFailure) in
                _ = try MigrationPlan(arguments("--from", "embeddings", "--to", "vectors"), selection)
            }
            #expect(failure?.message?.contains("two names of one database") == true)
        }
    }

    @Test func `one server has one place, however its URL is spelled`() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("place-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        let real = folder.appendingPathComponent("real")
        try FileManager.default.createDirectory(at: real, withIntermediateDirectories: true)
        let link = folder.appendingPathComponent("link")
        try FileManager.default.createSymbolicLink(at: link, withDestinationURL: real)
        for (one, other) in [
            ("redis://localhost:7000", "redis://127.0.0.1:7000"), ("redis://LOCALHOST", "redis://localhost:6379"),
            ("unix://\(link.path)/s", "unix://\(real.path)/s"),
            ("unix://\(real.path)/../real/s", "unix://\(real.path)/s"),
        ] {
            let selection = try selection("--url", one)
            #expect(selection.place(of: try DatabaseServer(url: other)) == selection.place(of: nil), "\(one)")
        }
        let selection = try selection("--url", "redis://localhost:7000")
        for other in ["redis://127.0.0.1:7001", "redis://127.0.0.2:7000", "unix:///localhost:7000"] {
            #expect(selection.place(of: try DatabaseServer(url: other)) != selection.place(of: nil))
        }
    }

    private func arguments(_ words: String...) throws(ProgramFailure) -> Arguments {
        try Arguments(reading: words + ["--all"], flags: Command.migrate.flags, of: "bulkhead migrate")
    }

    @Test func `a URL that would not be used, because the catalogue has another, is refused`() throws {
        try withVectors { file in
            let words = ["--catalogue", file, "--url", "redis://new"]
            let arguments = try Arguments(reading: words, flags: ServerSelection.flags, of: "bulkhead test")
            let selection = try ServerSelection(arguments, environment: [:])
            for name in ["vectors", "embeddings"] {
                let entry = try selection.entry(name)
                let failure = refusal { () throws(ProgramFailure) in
                    try selection.refuseUnusedURL([entry], arguments)
                }
                #expect(failure?.exitCode == .usage)
                #expect(failure?.message?.contains("the catalogue says it is at other:6379") == true)
                try selection.refuseUnusedURL([try selection.entry("main"), entry], arguments)
            }
            try selection.refuseUnusedURL([], arguments)
            let there = ["--catalogue", file, "--url", "redis://other"]
            let same = try Arguments(reading: there, flags: ServerSelection.flags, of: "bulkhead test")
            let itself = try ServerSelection(same, environment: [:])
            try itself.refuseUnusedURL([try itself.entry("vectors")], same)
        }
    }

    @Test func `a URL with another login or other TLS than the catalogue has there is refused`() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("catalogue-\(UUID()).json")
        defer { try? FileManager.default.removeItem(at: file) }
        let text = #"""
            {"databases":[{"name":"orders","number":1,"url":"redis://ro:hunter2@cache"},
            {"name":"sealed","number":2,"url":"rediss://:hunter2@cache:6380"}]}
            """#
        try Data(text.utf8).write(to: file)
        func refusal(_ word: String, _ url: String, _ environment: [String: String] = [:]) throws -> ProgramFailure? {
            let words = ["--catalogue", file.path, "--url", url]
            let arguments = try Arguments(reading: words, flags: ServerSelection.flags, of: "bulkhead test")
            let selection = try ServerSelection(arguments, environment: environment)
            let entry = try selection.entry(word)
            return self.refusal { () throws(ProgramFailure) in try selection.refuseUnusedURL([entry], arguments) }
        }
        for (word, url) in [
            ("1", "redis://admin:x@cache"), ("orders", "redis://:hunter2@cache"), ("1", "redis://ro:x@cache"),
            ("1", "rediss://ro:hunter2@cache"), ("2", "redis://:x@cache:6380"),
        ] {
            let failure = try refusal(word, url)
            #expect(failure?.exitCode == .usage, "\(url)")
            #expect(failure?.message?.contains("the catalogue gives it another login, or other TLS") == true)
            #expect(failure?.message?.contains("hunter2") != true)
        }
        for (word, url) in [
            ("1", "redis://cache"), ("1", "redis://ro:hunter2@cache"), ("2", "rediss://cache:6380"),
            ("2", "rediss://:hunter2@cache:6380"), ("sealed", "rediss://cache:6380?tls_verify=none"),
            ("7", "redis://admin:x@cache"),
        ] {
            #expect(try refusal(word, url) == nil, "\(url)")
        }
        // The environment completes a URL, and is not the call's word.
        #expect(try refusal("1", "redis://cache", ["REDIS_PASSWORD": "other"]) == nil)
    }

    @Test func `what cannot be used is a wrong call, and shows no password`() {
        let failure = refusal { () throws(ProgramFailure) in
            _ = try selection("--url", "redis://:hunter2@cache/x?db=3")
        }
        #expect(failure?.exitCode == .usage)
        #expect(failure?.message?.contains("hunter2") == false)
        let missing = refusal { () throws(ProgramFailure) in _ = try selection("--catalogue", "/does/not/exist") }
        #expect(missing?.exitCode == .usage)
    }
}
