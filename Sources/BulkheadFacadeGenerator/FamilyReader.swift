/// Reads the `extension RedisCommand` of one file.
struct FamilyReader {
    /// Attributes that are copied; others the generator does not know how to treat.
    static let copiedAttributes: Set<String> = ["@inlinable"]
    /// Declarations that have no place in the facade.
    static let skippedDeclarations = ["package ", "private ", "fileprivate ", "static "]

    private var scanner: SourceScanner
    private let name: String
    private var documentation: [String] = []
    private var attributes: [String] = []
    private var functions: [CommandFunction] = []

    /// `path` is relative to the package, `name` what stands behind its plus.
    init(name: String, path: String, text: String) {
        self.name = name
        scanner = SourceScanner(path: path, text: text)
    }

    mutating func read() throws(GeneratorError) -> CommandFamily {
        var family: CommandFamily?
        while !scanner.isAtEnd {
            let line = scanner.line
            if line.hasPrefix("extension RedisCommand ") {
                guard line == "extension RedisCommand {" else {
                    throw scanner.error("expected `extension RedisCommand {` without conditions")
                }
                guard family == nil else { throw scanner.error("a second extension: one in each file") }
                let documentation = takeDocumentation()
                scanner.skipLine()
                try readMembers()
                family = CommandFamily(
                    name: name, path: scanner.path, documentation: documentation, functions: functions)
            } else {
                readComment(line, indentation: "")
                scanner.skipLine()
            }
        }
        guard let family, !family.functions.isEmpty else {
            throw GeneratorError(place: scanner.path, problem: "no public static functions in `extension RedisCommand`")
        }
        return family
    }

    private mutating func readMembers() throws(GeneratorError) {
        let indentation = "    "
        while !scanner.isAtEnd {
            let line = scanner.line
            let member = line.dropFirst(indentation.count)
            if line == "}" {
                scanner.skipLine()
                return
            } else if line.isEmpty || line.hasPrefix(indentation + "//") {
                readComment(line, indentation: indentation)
                scanner.skipLine()
            } else if line.hasPrefix(indentation + "@") {
                guard Self.copiedAttributes.contains(String(member)) else {
                    throw scanner.error("\(member): the generator knows \(Self.copiedAttributes.sorted())")
                }
                attributes.append(String(member))
                scanner.skipLine()
            } else if line.hasPrefix(indentation + "public static func ") {
                functions.append(try readFunction())
            } else if line.hasPrefix(indentation), Self.skippedDeclarations.contains(where: member.hasPrefix) {
                _ = takeDocumentation()
                attributes = []
                _ = try scanner.text(until: ["{"])
                try skipBody()
            } else {
                throw scanner.error("expected `public static func`, its comment, or something that is not public")
            }
        }
        throw scanner.error("the extension has no closing brace at the beginning of a line")
    }

    /// Keeps the lines of a comment with three slashes for the declaration right below.
    private mutating func readComment(_ line: String, indentation: String) {
        if line.hasPrefix(indentation + "///") {
            documentation.append(String(line.dropFirst(indentation.count)))
        } else {
            documentation = []
        }
    }

    private mutating func takeDocumentation() -> [String] {
        defer { documentation = [] }
        return documentation
    }

    private mutating func skipBody() throws(GeneratorError) {
        try scanner.skipBody()
        guard scanner.line.isEmpty else { throw scanner.error("expected nothing behind a body") }
        scanner.skipLine()
    }

    private mutating func readFunction() throws(GeneratorError) -> CommandFunction {
        let place = scanner.place
        for word in ["public", "static", "func"] { try scanner.expect(word) }
        let name = try scanner.identifier()
        guard !documentation.isEmpty else { throw scanner.error("\(name) has no comment to copy") }
        let generics = try scanner.text(until: ["("])
        try scanner.expect("(")
        let parameters = try readParameters()
        guard scanner.skip("->") else { throw scanner.error("expected -> and a reply; effects are the facade's") }
        scanner.skipSpace()
        let start = scanner
        let type = try scanner.text(until: ["{"])
        guard type.hasPrefix("RedisCommand<"), type.hasSuffix(">"), !type.contains(" where ") else {
            throw start.error("expected RedisCommand<…> without conditions, found \(type)")
        }
        try skipBody()
        defer { attributes = [] }
        return CommandFunction(
            documentation: takeDocumentation(), attributes: attributes, name: name, generics: generics,
            parameters: parameters, reply: String(type.dropFirst("RedisCommand<".count).dropLast()), place: place)
    }

    private mutating func readParameters() throws(GeneratorError) -> [CommandFunction.Parameter] {
        var parameters: [CommandFunction.Parameter] = []
        if scanner.skip(")") { return parameters }
        while true {
            scanner.skipSpace()
            let start = scanner
            let declaration = try scanner.text(until: [",", ")"])
            guard let parameter = Self.parameter(declaration) else {
                throw start.error("expected `label name: Type = default`, found \(declaration)")
            }
            parameters.append(parameter)
            if scanner.skip(")") { return parameters }
            try scanner.expect(",")
        }
    }

    /// Nil for what cannot be handed on as it is: closures, `inout`, attributes.
    private static func parameter(_ declaration: String) -> CommandFunction.Parameter? {
        guard let colon = declaration.firstIndex(of: ":") else { return nil }
        let names = declaration[..<colon].split(separator: " ")
        let type = declaration[colon...].dropFirst()
        guard let label = names.first, let name = names.last, names.count <= 2,
            type.hasPrefix(" "), !type.hasPrefix(" inout "), !type.contains("->"), !type.contains("@")
        else { return nil }
        return CommandFunction.Parameter(
            declaration: declaration, argument: label == "_" ? String(name) : "\(label): \(name)")
    }
}
