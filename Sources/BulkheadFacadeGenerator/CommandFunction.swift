/// One `public static func` of `extension RedisCommand`.
struct CommandFunction {
    /// One of its parameters.
    struct Parameter {
        /// As declared, default included: `as type: Value.Type = String.self`.
        let declaration: String
        /// As it is handed on: `as: type`. A variadic one is an array by then.
        let argument: String
    }

    /// The lines of its comment, with their slashes and without indentation.
    let documentation: [String]
    /// Attributes that the facade's function needs too.
    let attributes: [String]
    let name: String
    /// `<Value: RedisDecodable>`, or nothing.
    let generics: String
    let parameters: [Parameter]
    /// `Reply` of `RedisCommand<Reply>`.
    let reply: String
    /// Where it is written, for messages: `path:line`.
    let place: String
    /// Whether the reply is the reason to call it, so that ignoring it earns a warning.
    let isReading: Bool
}

/// The functions of one file of the table that one facade has.
struct CommandFamily {
    /// `Strings`
    let name: String
    /// Relative to the package: `Sources/CommandTable/Strings.facts`.
    let path: String
    /// The lines of the extension's comment.
    let documentation: [String]
    let functions: [CommandFunction]
    /// Whether they are of modules, and written to their product.
    let isOfModules: Bool
}

/// What the generator cannot do, where, and why.
struct GeneratorError: Error, CustomStringConvertible {
    /// `path:line`, or a path.
    let place: String
    let problem: String

    var description: String { "\(place): \(problem)" }
}
