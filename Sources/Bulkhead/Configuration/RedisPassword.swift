/// A password that does not print, not by `print`, `dump` or a debugger's summary of what holds it.
public struct RedisPassword: Sendable, ExpressibleByStringLiteral {
    package let text: String

    /// The password in clear, taken as it is: a line break at its end is a part of it.
    public init(_ text: String) { self.text = text }
    public init(stringLiteral text: String) { self.text = text }
}

extension RedisPassword: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "(password)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
