extension RedisTestServer {
    /// Runs the body with a server of its own, which is gone when this returns or throws.
    public static func withServer<Result>(
        _ options: Options = Options(), _ body: (RedisTestServer) throws -> Result
    ) throws -> Result {
        let server = try start(options)
        defer { server.stop() }
        return try body(server)
    }

    /// Runs the body with a server of its own, which is gone when this returns or throws.
    ///
    /// Starting and stopping block the thread for some milliseconds.
    public static func withServer<Result>(
        _ options: Options = Options(), _ body: (RedisTestServer) async throws -> Result
    ) async throws -> Result {
        let server = try start(options)
        defer { server.stop() }
        return try await body(server)
    }
}
