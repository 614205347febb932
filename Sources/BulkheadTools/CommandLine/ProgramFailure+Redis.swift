#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

import Bulkhead

extension ProgramFailure {
    /// With the flags and variables that the words of the library cannot know of.
    func advising(
        _ arguments: Arguments, environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> ProgramFailure {
        let lack = "requires a password and none was given"
        guard var words = message, words.contains("cannot connect to ") || words.contains(lack),
            let selection = try? ServerSelection(arguments, environment: environment)
        else { return self }
        // The variables and --url are of no use where a URL of its own leads to the server.
        let others =
            selection.catalogue.entries.compactMap { $0.server?.address }
            + [Flag.toURL, .rightURL].compactMap { flag in
                arguments.text(of: flag).flatMap { try? RedisConfiguration(url: $0).address }
            }
        let own = selection.configuration.address
        let isOwn = !others.contains(own)
        let places = ["REDIS_URL", "REDIS_HOST", "REDIS_PORT", "REDIS_SOCKET"]
        if isOwn, !arguments.has(.url), places.allSatisfy({ (environment[$0] ?? "").isEmpty }) {
            let start = "cannot connect to \(own)"
            words.replace("\(start): ", with: "\(start), the default without --url, REDIS_URL and REDIS_HOST: ")
        }
        let place =
            isOwn && words.contains("\(own) \(lack)")
            ? "as REDIS_PASSWORD, or as :password@ before the URL's host"
            : "as :password@ before the host of the server's URL"
        words.replace(lack, with: "\(lack): give it \(place)")
        return ProgramFailure(exitCode, words)
    }

    /// What a server or a connection said, as the end of `program`.
    init(_ error: RedisError, of program: String) {
        self.init(.failed, "\(program): \(error.explained)")
    }
}

extension Result where Failure == ProgramFailure {
    /// What `body` comes to, to be looked at when connections have been closed.
    static func of(_ body: () async throws(ProgramFailure) -> Success) async -> Result {
        do {
            return .success(try await body())
        } catch {
            return .failure(error)
        }
    }
}

extension Arguments {
    /// Runs what talks to a server; its errors end the program with exit code 2.
    func reaching<Result>(
        _ body: () async throws(RedisError) -> Result
    ) async throws(ProgramFailure) -> Result {
        do {
            return try await body()
        } catch {
            throw ProgramFailure(error, of: program)
        }
    }
}
