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
        guard var words = message else { return self }
        let places = ["REDIS_URL", "REDIS_HOST", "REDIS_PORT", "REDIS_SOCKET"]
        if !arguments.has(.url), places.allSatisfy({ (environment[$0] ?? "").isEmpty }) {
            let start = "cannot connect to \(RedisConfiguration().address)"
            words.replace("\(start): ", with: "\(start), the default without --url, REDIS_URL and REDIS_HOST: ")
        }
        let lack = "requires a password and none was given"
        words.replace(lack, with: "\(lack): give it as REDIS_PASSWORD, or as :password@ before the URL's host")
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
