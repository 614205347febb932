import Bulkhead
import BulkheadConformance
import BulkheadConsole

extension Command {
    /// `bulkhead conformance --against`: two servers that are sent the same.
    static func runDifferential(_ call: Call) throws(ProgramFailure) -> ExitCode {
        let arguments = call.arguments
        let selection = try ServerSelection(arguments)
        let left = try ConformanceInput.target(selection, arguments)
        let url = arguments.text(of: .against) ?? ""
        let right = try ConformanceInput.target(
            try ServerSelection(url: url, beside: selection, of: arguments), arguments)
        let options = try differentialOptions(arguments)
        let report: DifferentialReport
        do {
            let run = try DifferentialRun(left, right, options)
            if !arguments.has(.quiet) {
                call.say("\(call.program): \(left.address) and \(right.address): \(options.footprint).\n")
            }
            let bar = call.progress("conformance", total: options.commands, unit: "commands")
            report = try run.run { bar.update(done: $0) }
            bar.end()
        } catch {
            throw ProgramFailure(.failed, "\(call.program): \(error.description)")
        }
        try call.answer(report) { DifferentialText.summary(of: report, on: $0) }
        return report.new.isEmpty ? .done : .found
    }

    private static func differentialOptions(_ arguments: Arguments) throws(ProgramFailure) -> DifferentialOptions {
        let shared = try ConformanceInput.options(arguments)
        var options = DifferentialOptions()
        options.databases = shared.databases
        options.allowsDestructive = shared.allowsDestructive
        if let prefix = arguments.text(of: .prefix) { options.keyPrefix = prefix }
        if let time = arguments.duration(of: .timeLimit) { options.timeLimit = time }
        if let seed = arguments.integer(of: .seed) { options.seed = UInt64(seed) }
        if let count = arguments.integer(of: .commandCount) { options.commands = count }
        do throws(CaseSyntaxError) {
            options.known = try KnownDifference.own()
            for path in arguments.texts(of: .differences) {
                options.known += try KnownDifference.all(in: try ConformanceInput.text(of: path, arguments), file: path)
            }
        } catch {
            throw ProgramFailure(.badData, "\(arguments.program): \(error.description)")
        }
        return options
    }
}

extension Flag {
    static let against = Flag(
        "against", .text("URL"), "send this server and that of --url the same random commands, and compare them")
    static let seed = Flag("seed", .positiveInteger("N"), "with --against: which random commands; default: 1")
    static let commandCount = Flag(
        "commands", .positiveInteger("N"), "with --against: how many commands to compare; default: 100000")
    static let differences = Flag(
        "differences", .text("FILE", .files), isRepeatable: true,
        "with --against: differences that are known beside the program's own")
}
