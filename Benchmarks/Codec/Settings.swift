import BulkheadBenchmarkSupport

/// What to measure, as the command line says it.
struct Settings: ProgramSettings {
    var kind = "bulk"
    var modes: [String] = []
    var chunk = 0
    var replies: Int?
    var valueSize: Int?
    var keep = 0
    var rounds = 9
    var json = false

    static let program = "BulkheadCodecBenchmark"
    static let summary =
        "What decoding replies from memory costs, beside a copy of the same bytes. No server, no network, "
        + "one thread. Rounds of the modes take turns; each figure is the median of its rounds."
    static let options: [Option] = [
        .text("kind", "<\(names(of: Kind.self))>", \.kind, help: "the reply"),
        .list(
            "mode", "<\(names(of: Mode.self, by: ","))>", \.modes, of: Mode.allCases.map(\.rawValue),
            help: "what to measure; without it, all that the kind has"),
        .integer(
            "chunk", "<bytes>", \.chunk, in: 0...1_000_000_000,
            help: "hand over so many bytes at a time; 0 for all the decoder takes"),
        .integer(
            "replies", "<number>", \.replies, in: 1...1_000_000_000,
            help: "replies a round, less those that do not fill 256 KiB; without it, about 100 MB of them"),
        .integer(
            "value-size", "<bytes>", \.valueSize, in: 0...100_000_000,
            help:
                "bytes of a string; without it 100, in arrays and maps 10, for a key of scan 23, for a vector "
                + "6,144"),
        .integer("keep", "<number>", \.keep, in: 0...1_000_000, help: "replies kept alive behind the last"),
        .integer("rounds", "<number>", \.rounds, in: 1...1_000, help: "rounds of each mode"),
        .flag("json", \.json, help: "print one line of JSON for each mode"),
    ]

    private static func names<Word: RawRepresentable & CaseIterable>(
        of words: Word.Type, by separator: String = "|"
    ) -> String where Word.RawValue == String {
        Word.allCases.map(\.rawValue).joined(separator: separator)
    }
}
