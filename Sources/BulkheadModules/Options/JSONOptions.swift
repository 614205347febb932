import BulkheadCommands

/// How JSON text is laid out that a server writes.
public struct RedisJSONFormat: Sendable, ModuleOption {
    /// What stands in front of each line, once for each level.
    public var indentation: String?
    /// What ends a line.
    public var newline: String?
    /// What stands behind a colon.
    public var space: String?

    /// A layout by its parts; a part that is nil is empty.
    public init(indentation: String? = nil, newline: String? = nil, space: String? = nil) {
        self.indentation = indentation
        self.newline = newline
        self.space = space
    }

    /// Each member on a line of its own, four spaces for each level.
    public static let readable = RedisJSONFormat(indentation: "    ", newline: "\n", space: " ")

    func append(to arguments: inout RedisArguments) {
        arguments.append("INDENT", indentation)
        arguments.append("NEWLINE", newline)
        arguments.append("SPACE", space)
    }
}

/// JSON text for a path of a key.
public struct RedisJSONPlacement: Sendable, Hashable {
    /// The key.
    public var key: String
    /// Where in its document: `$` is the root.
    public var path: String
    /// What is written there.
    public var json: String

    /// The three of them.
    public init(_ key: String, at path: String = "$", _ json: String) {
        self.key = key
        self.path = path
        self.json = json
    }
}
