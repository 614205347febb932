import BulkheadBenchmarkSupport

await Settings.table.run { settings in
    try await Hunt(settings).run() ? 0 : 1
}
