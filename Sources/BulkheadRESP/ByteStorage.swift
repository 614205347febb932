/// A reference-counted block of bytes that a decoder fills from the front and slices point into.
///
/// ```
///   0            written by the decoder           capacity
///   ├── bytes that RESPBytes point at ──┼── free ──┤
/// ```
///
/// Safe to share although `ManagedBuffer` is not `Sendable`, hence `nonisolated(unsafe)` where one is stored:
/// bytes a `RESPBytes` covers never change again. Only the decoder writes, and only behind them, or anywhere once
/// it holds the one reference left (`isKnownUniquelyReferenced`).
@usableFromInline
final class ByteStorage: ManagedBuffer<Int, UInt8> {
    /// Allocates `capacity` uninitialised bytes.
    static func allocate(_ capacity: Int) -> ByteStorage {
        let storage = ByteStorage.create(minimumCapacity: capacity) { _ in capacity }
        return unsafeDowncast(storage, to: ByteStorage.self)
    }

    /// A block that holds a copy of `text`.
    static func holding(_ text: StaticString) -> ByteStorage {
        let storage = allocate(text.utf8CodeUnitCount)
        storage.start.update(from: text.utf8Start, count: text.utf8CodeUnitCount)
        return storage
    }

    nonisolated(unsafe) static let empty = allocate(0)

    /// The capacity asked for, in bytes; `ManagedBuffer.capacity` asks malloc, which is slow, and every reading of
    /// `header` is checked for exclusive access.
    var byteCapacity: Int { withUnsafeMutablePointerToHeader { $0.pointee } }

    /// The first byte's address, valid while this object lives.
    @usableFromInline
    var start: UnsafeMutablePointer<UInt8> { withUnsafeMutablePointerToElements { $0 } }
}
