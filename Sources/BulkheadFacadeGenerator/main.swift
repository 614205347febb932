#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

// Writes from the table what is known of commands: values, methods, the facts that the client needs, a page, and calls
// for the tests.
let usage = """
    swift run BulkheadFacadeGenerator            writes all that comes from \(PackageFolder.table)
    swift run BulkheadFacadeGenerator --check    writes nothing; exits 1 and names the files that differ
    """

/// Ends the program with its word on standard error: status 1 for files that differ, 2 for all else.
func fail(_ message: String, status: Int32) -> Never {
    (message + "\n").withCString { text in _ = write(STDERR_FILENO, text, strlen(text)) }
    exit(status)
}

do {
    let arguments = CommandLine.arguments.dropFirst()
    switch arguments {
    case []:
        for line in try Generation(PackageFolder()).apply() { print(line) }
    case ["--check"]:
        let differences = try Generation(PackageFolder()).differences()
        guard differences.isEmpty else {
            fail((differences + ["run: swift run BulkheadFacadeGenerator"]).joined(separator: "\n"), status: 1)
        }
    case ["--help"], ["-h"]:
        print(usage)
    default:
        fail("unknown arguments: \(arguments.joined(separator: " "))\n\(usage)", status: 2)
    }
} catch {
    fail("\(error)", status: 2)
}
