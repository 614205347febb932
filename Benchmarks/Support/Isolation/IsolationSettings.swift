/// What `isolation` is to do. Encoded without the URLs, which may hold a password.
package struct IsolationSettings: ProgramSettings, Equatable, Encodable {
    package var url: String?
    package var secondURL: String?
    package var unixSocket = false
    package var serverCore: Int?
    package var secondServerCore: Int?
    package var keys = 10_000
    package var valueSize = 100
    package var vectors = 20_000
    package var dimensions = 384
    package var count = 1_000
    package var rate = 2_000.0
    package var even = false
    package var seconds = 1.0
    package var warmUp = 0.3
    package var rounds = 7
    package var seed = 1
    /// In MiB; zero scans vectors instead.
    package var largeReply = 0
    package var json = false
    /// Layouts, noises and rates beyond the scan of vectors at the usual rate.
    package var layouts = IsolationLayout.allCases.map(\.word)
    package var noises: [String] = [IsolationNoise.vectors.word]
    package var flushedKeys = 100_000
    package var full = false
    package var html: String?
    package var roundsFile: String?
    package var width: Int?

    /// What `--full` means: ten minutes, where it changes what was not asked for otherwise.
    package var resolved: IsolationSettings {
        guard full else { return self }
        var settings = self
        let defaults = IsolationSettings()
        if seconds == defaults.seconds { settings.seconds = 1.5 }
        if rounds == defaults.rounds { settings.rounds = 21 }
        if noises == defaults.noises { settings.noises = IsolationNoise.allCases.map(\.word) }
        return settings
    }

    /// GETs a second beside the usual rate.
    package var otherRates: [Double] { full ? [rate / 4, rate * 4] : [] }

    package init() {}

    private enum CodingKeys: String, CodingKey {
        case unixSocket, serverCore, secondServerCore, keys, valueSize, vectors, dimensions, count, rate, even, seconds
        case warmUp, rounds, seed, layouts, noises, flushedKeys, full, largeReply
    }

    /// What contradicts what, in words for the person at the keyboard; nil when all fits together.
    package var contradiction: String? {
        if secondURL != nil, url == nil { return "--second-url needs --url: give both servers or none" }
        if url != nil, noises != IsolationSettings().noises || full {
            return "--noises and --full are for own servers: KEYS and SYNC are hard on others; leave --url out"
        }
        if url != nil, unixSocket { return "--unix-socket is for own servers: name the socket in --url instead" }
        if url != nil, serverCore != nil || secondServerCore != nil {
            return "--server-core and --second-server-core pin own servers: leave them out with --url"
        }
        if largeReply > 0, url != nil || unixSocket {
            return "--large-reply is for own servers on TCP: leave --url and --unix-socket out"
        }
        let usual = IsolationSettings()
        if largeReply > 0,
            html != nil || roundsFile != nil || full || layouts != usual.layouts || noises != usual.noises
                || flushedKeys != usual.flushedKeys
        {
            return "--large-reply measures nothing else: leave out --layouts, --noises, --flushed-keys, --full, --html "
                + "and --rounds-file"
        }
        if dimensions != 384, dimensions != 768 { return "--dimensions takes 384 or 768" }
        return nil
    }

    package static let program = "Benchmarks/run"
    package static let summary = """
        Measures how long GETs of a cache in database main take while vectors are scanned in database \
        knowledge: in one database, in named databases of one server, and on separate servers. GETs leave on \
        a schedule, and their time counts from when they were due, so that a server that stops for a while \
        shows it. GETs that were due while the machine was busy are set aside. Rounds that the machine spoilt \
        are measured again, at most half as many as were asked for. Without --url it starts servers of its \
        own and leaves nothing behind.
        """
    package static let options: [Option] = [
        .text(
            "url", "<url>", \.url,
            help: "measure this server instead of own ones, in its databases 0, 1 and 2; only keys under a "
                + "unique prefix are written, and removed at the end"),
        .text(
            "second-url", "<url>", \.secondURL,
            help: "the server for the vectors of the separate layouts, its database 1; without it they are "
                + "skipped"),
        .flag("unix-socket", \.unixSocket, help: "reach own servers by unix socket instead of loopback TCP"),
        .integer(
            "server-core", "<n>", \.serverCore, in: 0...1_023, help: "run own servers on this core (taskset)"),
        .integer(
            "second-server-core", "<n>", \.secondServerCore, in: 0...1_023,
            help: "run the second own server on this core; without it, on that of the first"),
        .integer("keys", "<n>", \.keys, in: 1...10_000_000, help: "keys of the cache"),
        .integer("value-size", "<bytes>", \.valueSize, in: 1...1_048_576, help: "size of a cache value"),
        .integer("vectors", "<n>", \.vectors, in: 1...10_000_000, help: "vectors, one hash each"),
        .integer("dimensions", "<n>", \.dimensions, in: 384...768, help: "FLOAT32s of a vector, 384 or 768"),
        .integer(
            "count", "<n>", \.count, in: 1...100_000,
            help: "COUNT of the SCANs: about so many vectors are then fetched in one pipeline"),
        .number("rate", "<per second>", \.rate, in: 10...200_000, help: "GETs sent a second"),
        .flag("even", \.even, help: "send at even intervals instead of as independent clients do (Poisson)"),
        .number("seconds", "<s>", \.seconds, in: 0.1...3_600, help: "length of each layout in each round"),
        .number("warm-up", "<s>", \.warmUp, in: 0...60, help: "time before it that is not counted"),
        .integer("rounds", "<n>", \.rounds, in: 1...100, help: "how often all layouts are measured in turn"),
        .integer("seed", "<n>", \.seed, in: 0...Int(Int32.max), help: "seed of data, arrivals and keys"),
        .list(
            "layouts", "<list>", \.layouts, of: IsolationLayout.allCases.map(\.word),
            help: "what to measure, parted by commas; idle, one connection and named databases always"),
        .list(
            "noises", "<list>", \.noises, of: IsolationNoise.allCases.map(\.word),
            help: "what is done to the vectors of the named databases"),
        .integer(
            "flushed-keys", "<n>", \.flushedKeys, in: 0...10_000_000,
            help: "keys of the cache that is flushed while vectors are read, on own servers only; 0 leaves it "
                + "out"),
        .flag("full", \.full, help: "all noises, three rates of GETs, more and longer rounds: ten minutes"),
        .text("html", "<file>", \.html, help: "write the report as one page, too"),
        .text(
            "rounds-file", "<file>", \.roundsFile,
            help: "write what each round came to, a line each, too: what the answers are judged by"),
        .integer(
            "large-reply", "<MiB>", \.largeReply, in: 0...1_000,
            help: "instead of scanning vectors read one reply of so many MiB over and over, by a bare socket, "
                + "in knowledge, and in main itself; 0 scans"),
        .integer(
            "width", "<columns>", \.width, in: Screen.fewestColumns...1_000,
            help: "lay the report out for so many columns; without it for those of the terminal, and into a "
                + "file or a pipe nothing is wrapped"),
        .flag("json", \.json, help: "print one JSON object instead of the table"),
    ]
}
