import BulkheadBenchmarkSupport

await VectorSettings.table.run { settings in
    print(try await VectorSpeed(settings).run(), terminator: "")
    return 0
}
