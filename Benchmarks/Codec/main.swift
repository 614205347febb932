import BenchmarkSupport

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

do {
    switch try Settings.table.parse(CommandLine.arguments.dropFirst()) {
    case .help(let text): print(text, terminator: "")
    case .run(let settings): try measure(settings)
    }
} catch {
    Terminal.writeError("codec: \(error)\n")
    exit(error is ArgumentError || error is Refusal ? 2 : 1)
}

func measure(_ settings: Settings) throws {
    guard let kind = Kind(rawValue: settings.kind) else {
        throw Refusal("--kind takes \(Kind.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    var modes = settings.modes.compactMap { Mode(rawValue: $0) }
    if modes.isEmpty { modes = Mode.allCases.filter { $0.fits(kind) } }
    if let wrong = modes.first(where: { !$0.fits(kind) }) {
        throw Refusal("--mode \(wrong.rawValue) does not go with --kind \(kind.rawValue)")
    }

    let valueSize = settings.valueSize ?? kind.defaultValueSize
    if kind == .floatVector, !valueSize.isMultiple(of: 4) { throw Refusal("a vector takes 4 bytes a number") }
    let wire = Wire(of: kind, valueSize: valueSize, limit: settings.replies ?? .max)
    let repetitions = settings.replies.map { $0 / wire.replies } ?? max(1, 100_000_000 / wire.bytes.count)
    let round = Round(wire: wire, repetitions: repetitions, chunk: settings.chunk, keep: settings.keep)

    var seconds = [[Double]](repeating: [], count: modes.count)
    for _ in 0..<settings.rounds {
        for (index, mode) in modes.enumerated() { seconds[index].append(try round.run(mode)) }
    }
    for (mode, seconds) in zip(modes, seconds) {
        let report = Report(
            kind: kind, mode: mode, chunk: settings.chunk, replies: round.replies, bytes: round.bytes,
            seconds: Spread(seconds)?.median ?? 0)
        print(settings.json ? try report.json() : report.words)
    }
}

/// Words of the command line that their table cannot judge.
struct Refusal: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Replies that did not come back.
struct Loss: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
