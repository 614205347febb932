import BulkheadBenchmarkSupport

await Settings.table.run { settings in
    if settings.isPart { return try await FaultTable(settings).run() ? 0 : 1 }
    return try PrivateHosts.run(settings)
}
