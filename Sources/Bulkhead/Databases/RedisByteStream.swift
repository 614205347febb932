import BulkheadNetworking

/// The bytes of a connection, through TLS if there is any. It sends nothing by itself. For tools that judge servers.
package final class RedisByteStream {
    private let stream: ByteStream

    /// Connects, and shakes hands if there is TLS. Blocks its thread meanwhile.
    package init(to configuration: RedisConfiguration) throws(RedisError) {
        let settings = configuration.connectionSettings(forNumber: 0)
        do throws(ConnectionFailure) {
            stream = try ByteStream.open(settings, until: .now + settings.connectTimeout)
        } catch {
            throw RedisError(error)
        }
    }

    deinit { stream.close() }

    /// Reads once and returns how many bytes came; nil if none are there. The end of the stream throws.
    package func read(into space: UnsafeMutableRawBufferPointer) throws(RedisError) -> Int? {
        do throws(ConnectionFailure) { return try stream.read(into: space) } catch { throw RedisError(error) }
    }

    /// Writes once and returns how many bytes were taken; nil if none are for now. What was not taken comes again.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(RedisError) -> Int? {
        do throws(ConnectionFailure) { return try stream.write(bytes) } catch { throw RedisError(error) }
    }

    /// Waits until a read may bring something, or a write if that is asked for; false past the time.
    package func wait(alsoToWrite: Bool, milliseconds: Int32) -> Bool {
        stream.wait(alsoToWrite: alsoToWrite, milliseconds: milliseconds)
    }
}
