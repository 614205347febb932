import BulkheadTools

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

let words = Array(CommandLine.arguments.dropFirst())
exit(await BulkheadProgram.run(words, .ofThisProcess()).number)
