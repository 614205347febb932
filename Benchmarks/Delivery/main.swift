import BulkheadBenchmarkSupport

await DeliverySettings.table.run { settings in
    print(try await Delivery(settings).run(), terminator: "")
    return 0
}
