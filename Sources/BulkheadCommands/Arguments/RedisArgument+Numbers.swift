import BulkheadRESP

// Every integer type but `UInt8`, and every floating-point type but `Float`: an array of those two is one argument, its
// elements packed. As arguments of their own they would make `rpush("k", vector)` push an element for each number.

extension Int: RedisArgument {
    /// The number in decimal.
    @inlinable
    public func append(to arguments: inout RedisArguments) { arguments.append(Int64(self)) }
}

extension Int64: RedisArgument {
    /// The number in decimal.
    @inlinable
    public func append(to arguments: inout RedisArguments) { arguments.append(self as Int64) }
}

extension Int8: RedisArgument {
    /// The number in decimal.
    @inlinable
    public func append(to arguments: inout RedisArguments) { arguments.append(Int64(self)) }
}

extension Int16: RedisArgument {
    /// The number in decimal.
    @inlinable
    public func append(to arguments: inout RedisArguments) { arguments.append(Int64(self)) }
}

extension Int32: RedisArgument {
    /// The number in decimal.
    @inlinable
    public func append(to arguments: inout RedisArguments) { arguments.append(Int64(self)) }
}

extension Int128: RedisArgument {
    /// The number in decimal. Servers count with 64 bits: they store and return it, and INCR refuses it.
    public func append(to arguments: inout RedisArguments) { arguments.append(String(self)) }
}

extension UInt: RedisArgument {
    /// The number in decimal. Servers count with 64 bits and a sign: they store and return what is larger than
    /// `Int64.max`, and INCR refuses it.
    public func append(to arguments: inout RedisArguments) { arguments.append(String(self)) }
}

extension UInt16: RedisArgument {
    /// The number in decimal.
    @inlinable
    public func append(to arguments: inout RedisArguments) { arguments.append(Int64(self)) }
}

extension UInt32: RedisArgument {
    /// The number in decimal.
    @inlinable
    public func append(to arguments: inout RedisArguments) { arguments.append(Int64(self)) }
}

extension UInt64: RedisArgument {
    /// The number in decimal; see `UInt` for what is larger than `Int64.max`.
    public func append(to arguments: inout RedisArguments) { arguments.append(String(self)) }
}

extension UInt128: RedisArgument {
    /// The number in decimal; see `UInt` for what is larger than `Int64.max`.
    public func append(to arguments: inout RedisArguments) { arguments.append(String(self)) }
}

extension Double: RedisArgument {
    /// The shortest decimal that reads back as the same number; `inf` and `-inf` as servers know them.
    public func append(to arguments: inout RedisArguments) { arguments.append(respText) }
}

#if !(arch(x86_64) && (os(macOS) || targetEnvironment(macCatalyst)))
extension Float16: RedisArgument {
    /// A decimal that reads back as the same number; `inf` and `-inf` as servers know them.
    public func append(to arguments: inout RedisArguments) { arguments.append(Double(self).respText) }
}
#endif

#if arch(x86_64) && !os(Windows) && !os(Android)
extension Float80: RedisArgument {
    /// The shortest decimal that reads back as the same number; `inf` and `-inf` as servers know them.
    public func append(to arguments: inout RedisArguments) {
        arguments.append(isFinite ? description : Double(self).respText)
    }
}
#endif

extension Bool: RedisArgument {
    /// 1 for true, 0 for false: what commands answer, and what reads back as a `Bool`.
    @inlinable
    public func append(to arguments: inout RedisArguments) { arguments.append(self ? "1" : "0") }
}
