/// What `Benchmarks/compare`, which adds `--programs`, is to do.
package struct ComparisonSettings: ProgramSettings, Equatable {
    package var quick = false
    package var rounds = 7
    package var seconds = 1.0
    package var parts = ["server", "codec", "allocations"]
    package var build = false
    package var keep = false
    package var json = false
    package var programs = ""

    package init() {}

    /// Rounds of the whole comparison.
    package var roundCount: Int { quick ? min(rounds, 3) : rounds }
    /// How long one program runs in one round, about.
    package var secondsEach: Double { quick ? min(seconds, 0.3) : seconds }

    package static let program = "Benchmarks/compare"
    package static let summary = """
        Measures Bulkhead beside redis-benchmark, taking turns on a server of its own, and what decoding and \
        allocating cost. It says which targets are met; that they are not is no failure. Progress goes to \
        standard error. About five minutes.
        """
    package static let options: [Option] = [
        .flag("quick", \.quick, help: "at most 3 rounds of 0.3 s, under a minute: for a first look"),
        .integer("rounds", "<n>", \.rounds, in: 1...100, help: "how often every program has its turn"),
        .number("seconds", "<s>", \.seconds, in: 0.1...60, help: "about how long it runs in each"),
        .list("parts", "<a,b>", \.parts, of: ["server", "codec", "allocations"], help: "what to measure"),
        .flag("build", \.build, help: "build the library from nothing too, and say how long that took"),
        .flag("keep", \.keep, help: "keep the report in Benchmarks/Results, under the date"),
        .flag("json", \.json, help: "print one JSON object instead of the tables"),
        .text("programs", "<folder>", \.programs, help: "where throughput and codec are; the script knows"),
    ]
}
