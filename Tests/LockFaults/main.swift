import BulkheadBenchmarkSupport

await Settings.table.run { settings in
    if let name = settings.worker, let resource = settings.resource, let sentinels = settings.sentinels {
        let worker = try Worker(name, settings, resource: resource, sentinels: sentinels)
        if name.hasPrefix("blocking") { try worker.runBlocking() } else { try await worker.run() }
        return 0
    }
    var faults = try Faults(settings)
    return try faults.run() ? 0 : 1
}
