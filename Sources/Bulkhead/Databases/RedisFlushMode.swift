/// How FLUSHDB frees the memory.
public struct RedisFlushMode: Sendable, Hashable {
    let isAsynchronous: Bool

    /// In the background: the server goes on answering.
    public static let asynchronous = RedisFlushMode(isAsynchronous: true)
    /// Before it answers: all databases of the server wait.
    public static let synchronous = RedisFlushMode(isAsynchronous: false)
}
