import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

/// The table of commands against what the server that is under test says of them.
@Suite(.timeLimit(.minutes(10))) struct `The table of commands` {
    /// What the server says of a command or a subcommand.
    struct Reported {
        let name: String
        let flags: Set<String>
    }

    private static func reported(_ main: RedisDatabase) async throws -> [Reported] {
        var all: [Reported] = []
        func add(_ entry: RESPValue) throws {
            let fields = try #require(entry.elements)
            let name = try String(redis: fields[0]).uppercased().replacing("|", with: " ")
            all.append(Reported(name: name, flags: try Set(redis: fields[2])))
            if fields.count > 9 { for member in try #require(fields[9].elements) { try add(member) } }
        }
        for entry in try await main.send("COMMAND", as: [RESPValue].self) { try add(entry) }
        return all
    }

    /// What modules add has a point in its name, or is not the servers' own.
    private static func isOfModule(_ name: String) -> Bool { name.contains(".") }

    @Test func `has every command that the server reports`() async throws {
        try await withDatabases { databases, _ in
            let reported = try await Self.reported(try databases[.main])
            #expect(reported.count > 200)
            for command in reported where !Self.isOfModule(command.name) {
                // Aliases that the server keeps for its own tests and for the words of HTTP.
                if ["POST", "HOST:"].contains(command.name) { continue }
                #expect(FactTable.commands[command.name] != nil, "Sources/CommandTable lacks \(command.name)")
            }
        }
    }

    @Test func `says of no command that the server has that it is not run`() async throws {
        try await withDatabases { databases, _ in
            for command in try await Self.reported(try databases[.main]) {
                let isUnrun = FactTable.commands[command.name]?.isUnrun == true
                #expect(!isUnrun, "\(command.name): drop `unrun`, and have Tests/CommandCalls call it on this server")
            }
        }
    }

    @Test func `agrees with the server about what writes and what only reads`() async throws {
        try await withDatabases { databases, _ in
            for command in try await Self.reported(try databases[.main]) {
                guard let effect = FactTable.commands[command.name]?.facts["effect"] else { continue }
                if command.flags.contains("write") { #expect(effect != "read", "\(command.name)") }
                if command.flags.contains("readonly") {
                    #expect(!["idempotent", "accumulating"].contains(effect), "\(command.name)")
                }
            }
        }
    }

    @Test func `agrees with the server about what waits`() async throws {
        try await withDatabases { databases, _ in
            for command in try await Self.reported(try databases[.main]) where command.flags.contains("blocking") {
                #expect(FactTable.commands[command.name]?.facts["blocks"] != nil, "\(command.name)")
            }
        }
    }

    @Test(.enabled(if: ServerUnderTest.isAtLeast(redis: 7, 0)))
    func `agrees with the server about versions, and says what commands do in words of its own`() async throws {
        try await withDatabases { databases, server in
            let docs = try await databases.server(of: .main).commandDocs()
            var compared = 0
            var texts = 0
            func compare(_ name: String, _ value: RESPValue) throws {
                let record = try RedisRecord(redis: value)
                if let command = FactTable.commands[name] {
                    let own = server.flavour == .valkey ? "valkey" : "redis"
                    if let since = record["since"].flatMap({ try? String(redis: $0) }),
                        let ours = command.facts["since"] ?? command.facts[own]
                    {
                        // Redis 7.0 counts CLIENT PAUSE from a version that came before 3.0.
                        #expect(ours == since || name == "CLIENT PAUSE" && since == "2.9.50", "\(name)")
                        compared += 1
                    }
                    if let summary = record["summary"].flatMap({ try? String(redis: $0) }) {
                        for text in command.texts {
                            texts += 1
                            #expect(!Self.areAlike(text, summary), "\(name): \(summary)")
                        }
                    }
                }
                guard let members = record["subcommands"] else { return }
                for (member, value) in try RedisRecord(redis: members).fields {
                    try compare(member.uppercased().replacing("|", with: " "), value)
                }
            }
            for (name, value) in docs { try compare(name.uppercased(), value) }
            #expect(compared > 200)
            #expect(texts > 650)
        }
    }

    @Test(.enabled(if: ServerUnderTest.isAtLeast(redis: 7, 0)))
    func `has calls with each option that the server knows, or says why there are none`() async throws {
        try await withDatabases { databases, _ in
            var compared = 0
            func compare(_ name: String, _ value: RESPValue) throws {
                let record = try RedisRecord(redis: value)
                if let command = FactTable.commands[name], command.isTyped, let arguments = record["arguments"] {
                    let sent = `The calls of the commands`.words[name] ?? []
                    for option in try Self.options(arguments) {
                        compared += 1
                        let isSent = option.split(separator: " ").allSatisfy { sent.contains(String($0)) }
                        let isExcused = command.without[option] != nil
                        #expect(isSent || isExcused, "\(name) \(option) stands in no call, and in no `without`")
                        #expect(!isSent || !isExcused, "\(name) \(option) stands in a call, and in a `without`")
                    }
                }
                guard let members = record["subcommands"] else { return }
                for (member, value) in try RedisRecord(redis: members).fields {
                    try compare(member.uppercased().replacing("|", with: " "), value)
                }
            }
            for (name, value) in try await databases.server(of: .main).commandDocs() {
                try compare(name.uppercased(), value)
            }
            #expect(compared > 200)
        }
    }

    /// The words of all options in a tree of arguments, in upper case; of `NO ONE` both.
    private static func options(_ arguments: RESPValue) throws -> Set<String> {
        var words: Set<String> = []
        for argument in try #require(arguments.elements) {
            let record = try RedisRecord(redis: argument)
            // The empty word stands for what MIGRATE sends in a key's place.
            if let word = try record["token"].map({ try String(redis: $0).uppercased() }), word != "\"\"" {
                words.insert(word)
            }
            if let inner = record["arguments"] { words.formUnion(try options(inner)) }
        }
        return words
    }

    /// Whether one sentence has six words of the other in a row, or all of it.
    private static func areAlike(_ ours: String, _ theirs: String) -> Bool {
        let (left, right) = (words(of: ours), words(of: theirs))
        if left == right { return true }
        guard left.count >= 6, right.count >= 6 else { return false }
        let runs = Set((0...(right.count - 6)).map { Array(right[$0..<$0 + 6]) })
        return (0...(left.count - 6)).contains { runs.contains(Array(left[$0..<$0 + 6])) }
    }

    private static func words(of text: String) -> [Substring] {
        text.lowercased().split { !$0.isLetter && !$0.isNumber }.map { Substring($0) }
    }
}
