import Bulkhead
import BulkheadConsole

extension Command {
    /// `bulkhead catalogue`: a catalogue to start from.
    static let catalogue = Command(
        name: "catalogue",
        summary: "print a catalogue of names to start from",
        usage: ["bulkhead catalogue [--url URL] [--catalogue FILE] > FILE"],
        about: """
            A catalogue is a JSON file that gives the databases of a server names. All commands, and programs that \
            use the library, read the file that REDIS_CATALOGUE names. This command prints a catalogue to start \
            from: the names in use and, with --url, a name for each number that has keys but no name yet. It writes \
            nothing else.
            """,
        flags: ServerSelection.flags,
        examples: [
            Example("The standard names, as a file to be changed:", "bulkhead catalogue > databases.json"),
            Example(
                "With what a server has in numbers without a name:",
                "bulkhead catalogue --url redis://cache > databases.json"),
            Example("Use it:", "export REDIS_CATALOGUE=$PWD/databases.json"),
            Example("Check it against the server:", "bulkhead doctor --url redis://cache --catalogue databases.json"),
        ],
        tables: [
            Table(
                title: "What the file holds",
                rows: [
                    ("databases", "[{…}, …], one of these for each name:"),
                    ("  name", "letters, digits, _, - and .; each once"),
                    ("  number", "what SELECT takes; two names of one number are refused, but for alias_of"),
                    ("  purpose", "a sentence for people; may be left out"),
                    ("  key_patterns", #"which keys belong there: ["session:*", "cache:*"]; may be left out"#),
                    ("  may_be_flushed", "true lets flush empty it; false if left out"),
                    ("  alias_of", "the name whose number and connections this one shares"),
                    ("  url", "the server of this name, if it is another one; may hold a login"),
                    ("  sentinels", #"instead of url: the sentinels of its group, ["host:26379", …]"#),
                    ("  primary", "with sentinels: what they call the group, or a URL with that as the host"),
                    ("  cluster", #"instead of url: some servers of its cluster, ["host:6379", …]"#),
                    ("  reads", "who answers reads: primary (if left out), replica-preferred or same-zone"),
                    ("  replicas", #"with reads: ["redis://host", …]; if left out, those the primary names"#),
                    ("  max_staleness", "with reads: how many seconds a replica may be behind; 15 if left out"),
                    (
                        "  copies",
                        #"other servers with the same data, for when this one is away: ["redis://host", …], or "#
                            + #"{"url": "redis://host", "weight": 0.5} to rank them; its own server has weight 1"#
                    ),
                    (
                        "  budget",
                        "what this name may take of a program's connections: max_leases, max_waiters, "
                            + "max_requests, max_unwritten_bytes, scan_pace; each may be left out"
                    ),
                ])
        ],
        exitCodes: [.done, .failed, .usage, .ioFailed],
        run: runCatalogue)

    private static func runCatalogue(_ call: Call) async throws(ProgramFailure) -> ExitCode {
        let selection = try ServerSelection(call.arguments)
        var entries = selection.catalogue.entries
        if call.arguments.has(.url) {
            let named = Set(entries.filter { selection.place(of: $0) == selection.place(of: nil) }.map(\.number))
            let unnamed = try await numbersWithKeys(selection, call.arguments).filter { !named.contains($0) }
            entries += unnamed.map { selection.entry(ofNumber: $0) }
        }
        let file = CatalogueText(of: entries)
        try call.streams.output.writeAll(file.text)
        if !file.leftOut.isEmpty {
            let words =
                "\(call.program): left out, because a login or settings for TLS stand in their URLs, and a password "
                + "may be among them: \(file.leftOut.joined(separator: ", "))"
            call.say(words)
        }
        return .done
    }

    private static func numbersWithKeys(
        _ selection: ServerSelection, _ arguments: Arguments
    ) async throws(ProgramFailure) -> [Int] {
        var door = selection.entry(ofNumber: 0)
        // The URL's own login is meant where the catalogue has another.
        if !selection.isReachedByURL(door) { door = DatabaseEntry(door.name, number: 0) }
        let databases = try selection.open(only: door)
        return try await databases.closing { () async throws(ProgramFailure) in
            try await arguments.reaching { () async throws(RedisError) in
                try await ServerFacts(of: databases[door.name]).keyspace.keys.sorted()
            }
        }
    }
}
