extension RedisError.Code {
    /// The code fit for a label: a server may answer any word, and those without a name here are all `ERR`.
    var label: RedisError.Code { isOfServer && !Self.ofServer.contains(self) ? .serverError : self }

    /// This package's codes are in lower case.
    private var isOfServer: Bool { name.first?.isUppercase == true }

    /// Those with a name here.
    private static let ofServer: Set<RedisError.Code> = [
        .serverError, .wrongType, .noAuth, .noPermission, .readOnly, .loading, .outOfMemory, .busy, .misconfigured,
        .masterDown, .noReplicas, .unblocked, .noScript, .transactionAborted,
    ]
}
