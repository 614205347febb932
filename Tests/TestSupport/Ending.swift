/// What `defer` would do if it could wait: runs `end` behind the body, also where that throws.
package func ending<Result>(
    by end: () async -> Void, _ body: () async throws -> Result
) async throws -> Result {
    do {
        let result = try await body()
        await end()
        return result
    } catch {
        await end()
        throw error
    }
}
