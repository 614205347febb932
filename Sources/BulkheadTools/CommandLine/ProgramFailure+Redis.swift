import Bulkhead

extension ProgramFailure {
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
