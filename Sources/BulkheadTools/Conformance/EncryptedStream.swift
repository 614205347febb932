import Bulkhead
import BulkheadConformance

/// A connection that is judged, over the client's TLS.
final class EncryptedStream: ConformanceStream {
    private let stream: RedisByteStream
    private(set) var ending: ConformanceError?
    let isEncrypted = true

    init(to configuration: RedisConfiguration) throws(ConformanceError) {
        do throws(RedisError) {
            stream = try RedisByteStream(to: configuration)
        } catch {
            throw ConformanceError(description: error.message)
        }
    }

    func read(into space: UnsafeMutableRawBufferPointer) -> Int? {
        moved { () throws(RedisError) in try stream.read(into: space) }
    }

    func write(_ bytes: UnsafeRawBufferPointer) -> Int? {
        moved { () throws(RedisError) in try stream.write(bytes) }
    }

    func wait(alsoToWrite: Bool, milliseconds: Int32) -> Bool {
        stream.wait(alsoToWrite: alsoToWrite, milliseconds: milliseconds)
    }

    private func moved(_ move: () throws(RedisError) -> Int?) -> Int? {
        do {
            return try move()
        } catch {
            ending = ConformanceError(description: error.message)
            return 0
        }
    }
}
