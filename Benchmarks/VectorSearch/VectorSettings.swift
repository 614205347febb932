import BulkheadBenchmarkSupport

/// What `Benchmarks/vectors` is to do.
struct VectorSettings: ProgramSettings {
    var vectors = 20_000
    var dimension = 384
    var queries = 20
    var rounds = 7
    var server = ""
    var python = ""
    var script = ""

    static let program = "Benchmarks/vectors"
    static let summary = """
        Measures how fast the ten nearest vectors are found, and how many of the true ones a vector set \
        finds: by nearest(…), by VSIM, and by redis-py with numpy doing the same scan, in turns on one \
        server. Needs a Redis 8.0 or newer, and for redis-py a Python that has redis and numpy.
        """
    static let options: [Option] = [
        .integer(
            "vectors", "<n>", \.vectors, in: 100...10_000_000, help: "vectors in hashes of their own"),
        .integer("dimension", "<n>", \.dimension, in: 2...4_096, help: "numbers of each"),
        .integer(
            "queries", "<n>", \.queries, in: 1...10_000, help: "searches that recall is measured by"),
        .integer("rounds", "<n>", \.rounds, in: 1...100, help: "how often everybody has a turn"),
        .text(
            "server", "<path>", \.server, help: "redis-server with vector sets; the script knows"),
        .text(
            "python", "<path>", \.python,
            help: "a Python with redis and numpy; without, none is measured"),
        .text("script", "<path>", \.script, help: "search.py; the script knows"),
    ]
}
