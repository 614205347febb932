import BenchmarkSupport

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

do {
    switch try Settings.table.parse(CommandLine.arguments.dropFirst()) {
    case .help(let text): print(text, terminator: "")
    case .run(let settings):
        Interruption.watch()
        let soak = Soak(settings)
        Terminal.writeError("soak: seed \(soak.seed)\n")
        let report = try await soak.run()
        print(settings.json ? report.json() : report.text(), terminator: "")
        exit(report.isClean ? 0 : 1)
    }
} catch {
    Terminal.writeError("soak: \(error)\n")
    exit(error is ArgumentError ? 2 : 1)
}
