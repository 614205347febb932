/// The elements of an array that is one argument or one bulk string: `UInt8` and `Float`.
///
/// They are no arguments themselves: `rpush("k", vector)` would then mean an element for each number.
public protocol RedisPackedElement: Sendable, BitwiseCopyable {
    /// The elements of a bulk string's bytes; throws if they cannot be this type's.
    static func unpack(_ bytes: UnsafeRawBufferPointer) throws(RedisConversionError) -> [Self]
    /// Appends the elements packed, as one argument.
    static func append(_ elements: [Self], to arguments: inout RedisArguments)
}

extension Array: RedisArgument where Element: RedisPackedElement {
    /// The elements packed, as one argument.
    @inlinable
    public func append(to arguments: inout RedisArguments) { Element.append(self, to: &arguments) }
}

extension UInt8: RedisPackedElement {
    /// The bytes themselves.
    public static func unpack(_ bytes: UnsafeRawBufferPointer) -> [UInt8] { Array(bytes) }

    /// The bytes as they are.
    public static func append(_ elements: [UInt8], to arguments: inout RedisArguments) {
        elements.withUnsafeBytes { arguments.append(bytes: $0) }
    }
}

extension Float: RedisPackedElement {
    /// Four bytes each, little-endian; throws if there is a rest.
    public static func unpack(_ bytes: UnsafeRawBufferPointer) throws(RedisConversionError) -> [Float] {
        guard bytes.count % 4 == 0 else {
            throw RedisConversionError(
                expected: "packed FLOAT32, a multiple of 4 bytes", found: "a string of \(bytes.count) bytes")
        }
        return [Float](unsafeUninitializedCapacity: bytes.count / 4) { target, count in
            count = bytes.count / 4
            UnsafeMutableRawBufferPointer(target).copyMemory(from: bytes)
            #if _endian(big)
            for index in 0..<count { target[index] = Float(bitPattern: target[index].bitPattern.byteSwapped) }
            #endif
        }
    }

    /// Four bytes each, little-endian.
    public static func append(_ elements: [Float], to arguments: inout RedisArguments) {
        #if _endian(big)
        let elements = elements.map { Float(bitPattern: $0.bitPattern.byteSwapped) }
        #endif
        elements.withUnsafeBytes { arguments.append(bytes: $0) }
    }
}
