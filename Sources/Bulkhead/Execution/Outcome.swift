import BulkheadNetworking
import BulkheadRESP

extension Result where Failure == ConnectionFailure {
    /// True if the server has answered, and waits no longer.
    var isAnswered: Bool {
        switch self {
        case .success: true
        case .failure(let failure): failure.stage == .answered
        }
    }
}

extension Result<[RESPValue], ConnectionFailure> {
    /// Of a cancelled task's request that waited on the server: the replies if they bring something, which nobody else
    /// will have.
    func unlessCancelled(_ request: some Request) -> Self {
        guard case .success(let replies) = self, Task.isCancelled, !request.brings(replies) else { return self }
        return .failure(.cancelled(.answered))
    }
}
