import BulkheadBenchmarkSupport

await Settings.table.run { settings in
    let subjects = settings.subjects.compactMap { Subject(rawValue: $0) }
    if let name = settings.worker, let resource = settings.resource, let sentinels = settings.sentinels {
        guard let subject = subjects.first else { return 1 }
        let worker = try Worker(name, settings, resource: resource, sentinels: sentinels)
        try await subject.work(worker)
        return 0
    }
    var isRight = true
    for subject in subjects {
        var faults = try Faults(subject, settings)
        if try await !faults.run() { isRight = false }
    }
    return isRight ? 0 : 1
}
