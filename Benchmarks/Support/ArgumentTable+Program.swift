#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

extension ArgumentTable {
    /// A program from its command line to its end: prints the help, or runs `body` and ends with the code it returns.
    ///
    /// A line that is refused, by the table or by `body`, ends it with the code `refused`, any other error with
    /// `failed`; both are written to standard error under the program's name.
    package func run(refused: Int32 = 2, failed: Int32 = 1, _ body: (Settings) throws -> Int32) -> Never {
        do {
            switch try parse(CommandLine.arguments.dropFirst()) {
            case .help(let text): end(text)
            case .run(let settings): exit(try body(settings))
            }
        } catch {
            end(error, refused: refused, failed: failed)
        }
    }

    /// The same for a body that waits.
    package func run(_ body: (Settings) async throws -> Int32) async -> Never {
        do {
            switch try parse(CommandLine.arguments.dropFirst()) {
            case .help(let text): end(text)
            case .run(let settings): exit(try await body(settings))
            }
        } catch {
            end(error, refused: 2, failed: 1)
        }
    }

    private func end(_ help: String) -> Never {
        print(help, terminator: "")
        exit(0)
    }

    private func end(_ error: any Error, refused: Int32, failed: Int32) -> Never {
        // A script is called by its path.
        let name = program.split(separator: "/").last.map(String.init) ?? program
        Terminal.writeError("\(name): \(error)\n")
        exit(error is ArgumentError ? refused : failed)
    }
}
