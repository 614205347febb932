import BulkheadBenchmarkSupport

ComparisonSettings.table.run { settings in
    guard !settings.programs.isEmpty else {
        throw ProgramError("--programs is missing: run Benchmarks/compare, which builds them")
    }
    let report = try Comparison(settings).run()
    print(settings.json ? try report.json() : report.text(), terminator: "")
    if settings.keep { try report.keep(Array(CommandLine.arguments.dropFirst())) }
    return 0
}
