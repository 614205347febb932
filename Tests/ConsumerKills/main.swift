import BulkheadBenchmarkSupport

await Settings.table.run { settings in
    if let name = settings.worker, let socket = settings.socket {
        try await Worker.consume(socket: socket, name: name)
        return 0
    }
    var kills = try Kills(settings)
    return try kills.run() ? 0 : 1
}
