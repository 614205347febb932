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
        let isClean = try Kills(settings).run()
        exit(isClean ? 0 : 1)
    }
} catch {
    Terminal.writeError("migration-kills: \(error)\n")
    exit(error is ArgumentError ? 2 : 1)
}
