import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

/// The judge of the commands' Swift forms: words, decoding, and both protocols, on the server that is under test.
@Suite(.timeLimit(.minutes(10))) struct `The calls of the commands` {
    static let all: CommandCalls = {
        var calls = CommandCalls()
        calls.makeAll()
        return calls
    }()

    @Test func `send the words that stand beside them`() {
        var count = 0
        for call in Self.all.scenes.flatMap(\.calls) {
            count += 1
            let words = shownWords(call.encoded)
            if call.sends != "_" && words != call.sends { Issue.record("\(call.place) sends \(words)") }
        }
        #expect(count > 300)
    }

    @Test func `give what stands beside them, by both protocols the same`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let scenes = Self.all.scenes.filter { !$0.condition.isOfCluster && $0.condition.holds(for: server) }
        let second = try await Self.results(of: scenes, server, .resp2)
        let third = try await Self.results(of: scenes, server, .resp3)
        Self.compare(scenes, second, third)
    }

    @Test func `give what stands beside them on a server that is a cluster`() async throws {
        let server = try RedisTestServer.start(RedisTestServer.Options(arguments: ["--cluster-enabled", "yes"]))
        defer { server.stop() }
        let scenes = Self.all.scenes.filter { $0.condition.isOfCluster && $0.condition.holds(for: server) }
        let second = try await Self.results(of: scenes, server, .resp2)
        let third = try await Self.results(of: scenes, server, .resp3)
        Self.compare(scenes, second, third)
    }

    @Test(.enabled(if: ModuleServer.options != nil, "\(ModuleServer.absence)"))
    func `give what stands beside them on a server with modules`() async throws {
        let server = try RedisTestServer.start(#require(ModuleServer.options))
        defer { server.stop() }
        let scenes = Self.all.scenes.filter(\.condition.isOfModules)
        let second = try await Self.results(of: scenes, server, .resp2)
        let third = try await Self.results(of: scenes, server, .resp3)
        Self.compare(scenes, second, third)
    }

    private static func compare(
        _ scenes: [CommandCalls.Scene], _ second: [String: String], _ third: [String: String]
    ) {
        for call in scenes.flatMap(\.calls) {
            let (old, new) = (second[call.place] ?? "no reply", third[call.place] ?? "no reply")
            for (shown, version) in [(old, "RESP2"), (new, "RESP3")] {
                if !call.accepts(shown) { Issue.record("\(call.place) \(version): \(shown), expected \(call.gives)") }
            }
            // What may be anything differs from call to call.
            if call.gives != "_" && !call.gives.hasPrefix("~") { #expect(old == new, "\(call.place)") }
        }
    }

    /// What each call gives, by its place.
    private static func results(
        of scenes: [CommandCalls.Scene], _ server: RedisTestServer, _ version: RESPVersion
    ) async throws -> [String: String] {
        var configuration = testConfiguration(server)
        configuration.version = version
        let databases = RedisDatabases(configuration)
        let main = try databases[.main]
        var results: [String: String] = [:]
        for scene in scenes {
            try await scene.prepare(main)
            for call in scene.calls {
                do {
                    results[call.place] = try await call.make(main)
                } catch {
                    results[call.place] = "\(error)"
                }
            }
        }
        await databases.close()
        return results
    }

    /// The words that the calls of each command send, in upper case.
    static let words: [String: Set<String>] = {
        var sent: [String: Set<String>] = [:]
        for call in all.scenes.flatMap(\.calls) {
            let words = shownWords(call.encoded).split(separator: " ").map { $0.uppercased() }
            let both = words.prefix(2).joined(separator: " ")
            sent[FactTable.commands[both] != nil ? both : words[0], default: []].formUnion(words)
        }
        return sent
    }()

    @Test func `of commands that no server here has give what stands beside them for the documented replies`() throws {
        var answered: Set<String> = []
        for call in Self.all.scenes.flatMap(\.calls) {
            let words = call.encoded.words.prefix(2).map { String(decoding: $0, as: UTF8.self) }
            let name = [words.joined(separator: " "), words[0]].first { FactTable.commands[$0] != nil } ?? ""
            guard let replies = call.replies else {
                let isUnrun = FactTable.commands[name]?.isUnrun == true
                #expect(!isUnrun, "\(call.place) \(name): the documented replies are missing (resp2, resp3)")
                continue
            }
            #expect(FactTable.commands[name]?.isUnrun == true, "\(call.place) \(name): a server here answers it")
            answered.insert(name)
            for reply in [replies.second, replies.third] {
                var decoder = RESPDecoder()
                decoder.feed(Array((reply.replacing(" ", with: "\r\n") + "\r\n").utf8))
                let value = try #require(try decoder.next(), "\(call.place): no whole reply: \(reply)")
                #expect(try decoder.next() == nil, "\(call.place): more than one reply: \(reply)")
                let shown = try call.decode(value)
                #expect(call.accepts(shown), "\(call.place): \(shown), of \(reply)")
            }
        }
        #expect(answered == Set(FactTable.commands.values.filter(\.isUnrun).map(\.name)))
    }

    /// What cannot be called here, and why.
    static let excused: [String: String] = [
        "BF.LOADCHUNK": "ModuleTests calls it", "CF.LOADCHUNK": "ModuleTests calls it",
        "FT.CURSOR": "ModuleTests calls it",
        "ACL LOAD": "the server has no file of users", "ACL SAVE": "the server has no file of users",
        "CLUSTER BUMPEPOCH": "changes the epochs of a cluster", "CLUSTER FAILOVER": "needs a replica",
        "CLUSTER COUNT-FAILURE-REPORTS": "needs a second server", "CLUSTER FLUSHSLOT": "needs a whole cluster",
        "CLUSTER CANCELSLOTMIGRATIONS": "needs slots that are moved", "CLUSTER FORGET": "needs a second server",
        "CLUSTER MEET": "needs a second server",
        "CLUSTER REPLICAS": "needs a second server", "CLUSTER REPLICATE": "needs a second server",
        "CLUSTER SET-CONFIG-EPOCH": "only for a server that knows no other",
        "CONFIG REWRITE": "the server has no configuration file", "FAILOVER": "needs a replica",
        "FUNCTION KILL": "needs a function that runs", "FUNCTION RESTORE": "needs the bytes of a dump",
        "LATENCY GRAPH": "needs an event", "MODULE LOAD": "needs a module", "MODULE LOADEX": "needs a module",
        "MODULE UNLOAD": "needs a module", "REPLICAOF": "needs a second server", "RESTORE": "needs the bytes of a dump",
        "SAVE": "waits for the snapshot that BGSAVE has begun", "SCRIPT KILL": "needs a script that runs",
        "VRANDMEMBER": "called, but what it gives is random",
    ]

    @Test func `are made for every command that has a Swift form, or the reason is given`() throws {
        let called = Set(Self.words.keys)
        for command in FactTable.commands.values where command.isTyped {
            let isKnown = called.contains(command.name) || Self.excused[command.name] != nil
            #expect(isKnown, "\(command.name) is called nowhere in Tests/CommandCalls")
        }
        for name in Self.excused.keys { #expect(FactTable.commands[name]?.isTyped == true, "\(name)") }
    }

    /// Where the published shape is wrong, and what it forgets.
    static let wrongShapes: [String: String] = [
        "GEOHASH": "null for a member that is missing",
        "OBJECT FREQ": "null for a key that is missing", "XPENDING": "null for the ends of no entries",
        "XAUTOCLAIM": "the two parts of Redis 6.2",
        "FUNCTION LIST": "the description of a function, which a server gives as null",
    ]

    @Test(.enabled(if: ReplySchemas.path != nil, "BULKHEAD_REPLY_SCHEMAS names no file of shapes"))
    func `are answered by RESP3 in the shape that is published for them`() async throws {
        let schemas = try ReplySchemas(path: try #require(ReplySchemas.path))
        try #require(schemas.count > 300)
        var checked = 0
        try await withDatabases(version: .resp3) { databases, server in
            let main = try databases[.main]
            for scene in Self.all.scenes where !scene.condition.isOfCluster && scene.condition.holds(for: server) {
                try await scene.prepare(main)
                for call in scene.calls {
                    let words = call.encoded.words.map { RESPBytes($0) }
                    // What the call itself throws the other test tells.
                    guard let reply = try? await main.send(words[0].description, Array(words.dropFirst()))
                    else { continue }
                    let name = words.prefix(2).map(\.description).joined(separator: " ")
                    let command = FactTable.commands[name] == nil ? words[0].description : name
                    guard schemas.has(command), Self.wrongShapes[command] == nil else { continue }
                    checked += 1
                    let problem = schemas.objection(to: reply, of: command)
                    #expect(problem == nil, "\(call.place) \(command): \(problem ?? "")")
                }
            }
        }
        #expect(checked > 50)
        // For the kept report.
        print("\(checked) replies judged by their published shape")
    }

    @Test func `name the keys that the server finds in their words`() async throws {
        try await withDatabases { databases, server in
            let handle = try databases.server(of: .main)
            var count = 0
            for scene in Self.all.scenes where !scene.condition.isOfCluster && scene.condition.holds(for: server) {
                for call in scene.calls {
                    let words = call.encoded.words
                    let keys = call.encoded.keys.map { RESPBytes($0) }
                    do {
                        let found = try await handle.commandGetkeys(
                            String(decoding: words[0], as: UTF8.self), words.dropFirst().map { RESPBytes($0) })
                        // Redis 6.2 names where a result goes last.
                        #expect(Set(keys) == Set(found) && keys.count == found.count, "\(call.place)")
                        count += 1
                    } catch let error as RedisError where error.code == .serverError {
                        // A command without keys is an error, and so is a module's in 8.2.
                        if !keys.isEmpty && !call.sends.hasPrefix("V") { Issue.record("\(call.place): \(error)") }
                    }
                }
            }
            #expect(count > 50)
        }
    }
}

extension CommandCalls.Call {
    func accepts(_ shown: String) -> Bool {
        if shown.contains("(redis-error") || shown.hasPrefix("no reply") { return false }
        if gives == "_" { return true }
        return gives.hasPrefix("~") ? shown.contains(gives.dropFirst()) : shown == gives
    }
}

/// The table as its files have it, for what the client itself does not need.
enum FactTable {
    struct Command {
        let name: String
        var facts: [String: String] = [:]
        var sentence = ""
        /// All that is said of it in our words, the sentence included.
        var texts: [String] = []
        var isTyped = false
        /// Whether no server of the tests has it.
        var isUnrun: Bool { facts["unrun"] != nil }
        /// The words of options that no call sends, with the reason.
        var without: [String: String] = [:]
    }

    static let commands: [String: Command] = {
        let table = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Sources/CommandTable")
        var commands: [String: Command] = [:]
        var last = ""
        let files = [table, table.appendingPathComponent("Modules")].flatMap { folder in
            (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
        }
        for file in files where file.pathExtension == "facts" {
            let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
            for line in text.split(separator: "\n") where !line.hasPrefix("#") {
                if line.hasPrefix("    ") {
                    let words = line.dropFirst(4)
                    if words.first?.isUppercase == true {
                        commands[last]?.sentence = String(words)
                        commands[last]?.texts.append(String(words))
                    }
                    for mark in ["says ", "note ", "gives "] where words.hasPrefix(mark) {
                        commands[last]?.texts.append(String(words.dropFirst(mark.count)))
                    }
                    if words.hasPrefix("without "), let colon = words.firstRange(of: ": ") {
                        for word in words[..<colon.lowerBound].dropFirst(8).split(separator: ", ") {
                            commands[last]?.without[String(word)] = String(words[colon.upperBound...])
                        }
                    }
                    if words.hasPrefix("swift") { commands[last]?.isTyped = true }
                } else if let gap = line.firstRange(of: "  ") {
                    last = String(line[..<gap.lowerBound])
                    var command = Command(name: last)
                    for word in line[gap.upperBound...].split(separator: " ") {
                        let parts = word.split(separator: "=").map(String.init)
                        command.facts[parts[0]] = parts.last
                    }
                    commands[last] = command
                }
            }
        }
        return commands
    }()
}
