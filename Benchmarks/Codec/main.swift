import BulkheadBenchmarkSupport

Settings.table.run { settings in
    try measure(settings)
    return 0
}

func measure(_ settings: Settings) throws {
    guard let kind = Kind(rawValue: settings.kind) else {
        throw ArgumentError("--kind takes \(Kind.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    var modes = settings.modes.compactMap { Mode(rawValue: $0) }
    if modes.isEmpty { modes = Mode.allCases.filter { $0.fits(kind) } }
    if let wrong = modes.first(where: { !$0.fits(kind) }) {
        throw ArgumentError("--mode \(wrong.rawValue) does not go with --kind \(kind.rawValue)")
    }

    let valueSize = settings.valueSize ?? kind.defaultValueSize
    if kind == .floatVector, !valueSize.isMultiple(of: 4) {
        throw ArgumentError("a vector takes 4 bytes a number")
    }
    let wire = Wire(of: kind, valueSize: valueSize, limit: settings.replies ?? .max)
    let repetitions = settings.replies.map { $0 / wire.replies } ?? max(1, 100_000_000 / wire.bytes.count)
    let round = Round(kind: kind, wire: wire, repetitions: repetitions, chunk: settings.chunk, keep: settings.keep)

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
