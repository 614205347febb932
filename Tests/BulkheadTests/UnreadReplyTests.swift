import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Testing

/// The judge of what the commands' Swift forms leave out of a reply.
@Suite(.timeLimit(.minutes(10))) struct `The replies of the calls` {
    /// What is left out on purpose: the values of a command's reply that may be, and why. No values stand for any.
    static let excused: [String: (values: Set<String>, reason: String)] = [
        "FUNCTION LIST": ([#""description""#], "the name of a field that holds null"),
        "FUNCTION STATS": ([#""running_script""#], "the name of a field that holds null"),
        "FT.SPELLCHECK": (["simple(TERM)"], "a word that stands before each term in RESP2"),
        "FT.SEARCH": (searchConstants, "what RESP3 says of every search: it is always the same"),
        "FT.AGGREGATE": (searchConstants, "what RESP3 says of every search: it is always the same"),
        "TS.MRANGE": (seriesRequest, "RESP3 repeats what was asked for; RESP2 does not"),
        "TS.MREVRANGE": (seriesRequest, "RESP3 repeats what was asked for; RESP2 does not"),
    ]

    private static let searchConstants: Set = [
        "simple(attributes)", "[]", "simple(format)", "simple(STRING)", "simple(values)",
        "simple(warning)",
    ]
    private static let seriesRequest: Set = [
        #""aggregators""#, "[]", #""reducers""#, #""max""#, #""sources""#, #""e""#, #""ts""#,
    ]

    @Test func `are read to the last element and field, by both protocols`() async throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let scenes = `The calls of the commands`.all.scenes.filter {
            !$0.condition.isOfCluster && $0.condition.holds(for: server)
        }
        try await Self.judge(scenes, server, atLeast: 150)
    }

    @Test func `are read to the last element and field on a server that is a cluster`() async throws {
        let server = try RedisTestServer.start(RedisTestServer.Options(arguments: ["--cluster-enabled", "yes"]))
        defer { server.stop() }
        let scenes = `The calls of the commands`.all.scenes.filter {
            $0.condition.isOfCluster && $0.condition.holds(for: server)
        }
        try await Self.judge(scenes, server, atLeast: 5)
    }

    @Test(.enabled(if: ModuleServer.options != nil, "\(ModuleServer.absence)"))
    func `are read to the last element and field on a server with modules`() async throws {
        let server = try RedisTestServer.start(#require(ModuleServer.options))
        defer { server.stop() }
        try await Self.judge(
            `The calls of the commands`.all.scenes.filter(\.condition.isOfModules), server, atLeast: 100)
    }

    private static func judge(
        _ scenes: [CommandCalls.Scene], _ server: RedisTestServer, atLeast least: Int
    ) async throws {
        for version in [RESPVersion.resp2, .resp3] {
            var configuration = testConfiguration(server)
            configuration.version = version
            let databases = RedisDatabases(configuration)
            let main = try databases[.main]
            var judged = 0
            for scene in scenes {
                try await scene.prepare(main)
                for call in scene.calls {
                    let words = call.encoded.words.map { RESPBytes($0) }
                    // What the call itself throws the other suite tells.
                    guard let reply = try? await main.send(words[0].description, Array(words.dropFirst())) else {
                        continue
                    }
                    judged += 1
                    let unread = ReplyChanges(of: reply).unread(by: call.decode)
                    let allowed = excused[call.command]?.values
                    for (place, value) in unread
                    where allowed?.isEmpty != true && allowed?.contains(value.description) != true {
                        Issue.record("\(call.place) RESP\(version.rawValue) leaves out \(place), \(value)")
                    }
                }
            }
            #expect(judged >= least)
            await databases.close()
        }
    }
}

extension CommandCalls.Call {
    /// The name as the table has it: `XINFO STREAM`.
    var command: String {
        let words = encoded.words.prefix(2).map { String(decoding: $0, as: UTF8.self).uppercased() }
        let both = words.joined(separator: " ")
        return FactTable.commands[both] != nil ? both : words.first ?? ""
    }
}
