import BulkheadBenchmarkSupport

IsolationSettings.table.run { settings in
    if let contradiction = settings.contradiction { throw ArgumentError(contradiction) }
    _ = ThreadScheduling.wakePunctually()
    let screen = settings.width.map { Screen(columns: $0) } ?? Terminal.outputScreen
    do {
        if settings.largeReply > 0 {
            let report = try LargeReply(settings, Interruption()).run()
            print(settings.json ? try report.json() : report.text(on: screen), terminator: "")
        } else {
            let report = try Isolation(settings, Interruption()).run()
            if let path = settings.html { try report.writePage(to: path) }
            if let path = settings.roundsFile { try report.writeRounds(to: path) }
            print(settings.json ? try report.json() : report.text(on: screen), terminator: "")
        }
        return 0
    } catch is Interrupted {
        Terminal.writeError("isolation: interrupted; nothing is left behind\n")
        return Interruption.exitCode
    }
}
