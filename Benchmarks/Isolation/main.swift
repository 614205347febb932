import BenchmarkSupport

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

do {
    switch try IsolationSettings.table.parse(CommandLine.arguments.dropFirst()) {
    case .help(let text):
        print(text, terminator: "")
    case .run(let settings):
        if let contradiction = settings.contradiction {
            Terminal.writeError("isolation: \(contradiction)\n")
            exit(2)
        }
        _ = ThreadScheduling.wakePunctually()
        if settings.largeReply > 0 {
            let report = try LargeReply(settings, Interruption()).run()
            print(settings.json ? try report.json() : report.text(), terminator: "")
        } else {
            let report = try Isolation(settings, Interruption()).run()
            if let path = settings.html { try report.writePage(to: path) }
            print(settings.json ? try report.json() : report.text(), terminator: "")
        }
    }
} catch is Interrupted {
    Terminal.writeError("isolation: interrupted; nothing is left behind\n")
    exit(Interruption.exitCode)
} catch let error as ArgumentError {
    Terminal.writeError("isolation: \(error)\n")
    exit(2)
} catch {
    Terminal.writeError("isolation: \(error)\n")
    exit(1)
}
