// Feeds mutated input to whatever reads what others wrote: the decoder, the readers of snapshots, of
// values and of DUMP payloads, the handshake, the readers of URLs and of catalogue files. Tests/fuzz builds and runs
// it.
import BulkheadBenchmarkSupport

// Codes above the number of finds that a worker ends with.
Settings.table.run(refused: 102, failed: 101) { settings in try run(settings) }

/// The exit code: how many promises were broken for a worker, else 1 for any.
func run(_ settings: Settings) throws -> Int32 {
    guard settings.target == "all" || settings.only != nil else {
        throw ProgramError("--target takes \(Target.allCases.map(\.rawValue).joined(separator: ", ")) or all")
    }
    let finds = Finds(folder: settings.keep, seed: settings.runSeed)
    if let path = settings.worker {
        return Int32(try Worker(settings: settings, slate: Slate(path: path), finds: finds).run(from: settings.from))
    }
    if let path = settings.replay { return try replay([path]) }
    if let folder = settings.replayAll { return try replay(Finds.all(in: folder)) }
    return try Supervisor(settings: settings, finds: finds).run() == 0 ? 0 : 1
}

/// Says each before it is fed, so that the last line names the one that ends the process.
func replay(_ paths: [String]) throws -> Int32 {
    Worker.limitMemory()
    var broken = 0
    for path in paths {
        Terminal.writeError("fuzz: \(path): ")
        let words = try Finds.replay(path)
        Terminal.writeError("\(words.map { "broken: \($0)" } ?? "held")\n")
        if words != nil { broken += 1 }
    }
    return broken == 0 ? 0 : 1
}
