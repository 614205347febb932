import BulkheadBenchmarkSupport

await Settings.table.run { settings in
    Interruption.watch()
    let soak = Soak(settings)
    Terminal.writeError("soak: seed \(soak.seed)\n")
    let report = try await soak.run()
    print(settings.json ? report.json() : report.text(), terminator: "")
    return report.isClean ? 0 : 1
}
