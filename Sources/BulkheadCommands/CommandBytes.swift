/// The bytes of a command: short ones in place, so that a pipeline of such commands allocates nothing for them.
@usableFromInline
package struct CommandBytes: Sendable {
    @usableFromInline typealias Place = (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)
    @usableFromInline var place: Place = (0, 0, 0, 0, 0, 0, 0, 0)
    @usableFromInline var countInPlace: UInt8 = 0
    /// Longer ones; nil where they are in place.
    @usableFromInline let long: [UInt8]?

    /// Enough for most commands of a key and a number or word.
    private static let longestInPlace = MemoryLayout<Place>.size

    /// Shares the array's memory.
    package init(_ bytes: [UInt8]) { long = bytes }

    init(copying bytes: UnsafeRawBufferPointer) {
        guard bytes.count <= Self.longestInPlace else {
            long = Array(bytes)
            return
        }
        long = nil
        countInPlace = UInt8(bytes.count)
        withUnsafeMutableBytes(of: &place) { $0.copyMemory(from: bytes) }
    }

    @usableFromInline
    package var count: Int { long?.count ?? Int(countInPlace) }

    /// All of them; costs an allocation where they are in place.
    @usableFromInline
    package var array: [UInt8] { long ?? withBytes { Array($0) } }

    /// Puts them behind `bytes`.
    package func append(to bytes: inout [UInt8]) {
        withBytes { bytes.append(contentsOf: $0) }
    }

    /// Writes them to `memory`, where there is room, and returns their number.
    @inlinable @inline(__always)
    package func copy(to memory: UnsafeMutableRawPointer) -> Int {
        withBytes { bytes in
            if let start = bytes.baseAddress { memory.copyMemory(from: start, byteCount: bytes.count) }
            return bytes.count
        }
    }

    /// Lends those that are in place to `inPlace`, the array of longer ones to `inArray`: neither costs an allocation.
    @inlinable @inline(__always)
    package func lend<Result>(inPlace: (UnsafeRawBufferPointer) -> Result, inArray: ([UInt8]) -> Result) -> Result {
        if let long { return inArray(long) }
        return withBytes(inPlace)
    }

    /// How many arguments the command has, its name among them.
    @usableFromInline
    var argumentCount: Int {
        withBytes { bytes in
            bytes.dropFirst().prefix { $0 != UInt8(ascii: "\r") }.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        }
    }

    @inlinable @inline(__always)
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        if let long { return long.withUnsafeBytes(body) }
        return withUnsafeBytes(of: place) { body(UnsafeRawBufferPointer(rebasing: $0[..<Int(countInPlace)])) }
    }
}
