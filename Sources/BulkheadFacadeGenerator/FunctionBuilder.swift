/// Makes Swift of a function in the table: its declaration for both facades, and the body of the command's value.
struct FunctionBuilder {
    private struct Parameter {
        let name: String
        let declaration: String
        /// Without its default.
        let type: String
        var isFlag: Bool { type == "Bool" }
        var isList: Bool { type.hasPrefix("[") && type.hasSuffix("]") }
        var isPairs: Bool { type.hasPrefix("KeyValuePairs<") || type.contains("Collection<(") || isSequence }
        /// Whether it cannot be asked beforehand if it is empty.
        var isSequence: Bool { type.contains("Sequence<(") }
    }

    let command: CommandFacts
    let function: TableFunction
    /// What others compile once must not be compiled into their programs again: modules' functions are not inlined.
    private let isOfModules: Bool
    private var scanner: SourceScanner
    private var name = ""
    private var generics: [String] = []
    private var parameters: [Parameter] = []
    private var reply = ""

    init(_ command: CommandFacts, _ function: TableFunction, isOfModules: Bool = false) throws(GeneratorError) {
        self.command = command
        self.function = function
        self.isOfModules = isOfModules
        scanner = SourceScanner(path: function.place, text: function.signature)
        try readSignature()
    }

    private func error(_ problem: String) -> GeneratorError {
        GeneratorError(place: function.place, problem: "\(name): \(problem)")
    }

    // MARK: The signature

    private mutating func readSignature() throws(GeneratorError) {
        name = try scanner.identifier()
        if scanner.skip("<") {
            let list = try scanner.text(until: [">"])
            generics = list.split(separator: ",").map { String($0.drop { $0 == " " }) }
            try scanner.expect(">")
        }
        try scanner.expect("(")
        while !scanner.skip(")") {
            parameters.append(try parameter(try scanner.text(until: [",", ")"])))
            _ = scanner.skip(",")
        }
        try scanner.expect("->")
        scanner.skipSpace()
        reply = scanner.line
    }

    private mutating func parameter(_ text: String) throws(GeneratorError) -> Parameter {
        let words = text.split(separator: " ").map(String.init)
        if words.first == "as", words.count >= 2, words[1].first?.isUppercase == true {
            // `as Value`, `as Member: Hashable`, `as Value: RESPValue`
            let type = words[1].filter { $0 != ":" }
            let more = words.count > 2 ? words[2] : ""
            generics.append("\(type): RedisDecodable" + (more == "Hashable" ? " & Hashable" : ""))
            let standard = more.isEmpty || more == "Hashable" ? "String" : more
            return Parameter(
                name: "type", declaration: "as type: \(type).Type = \(standard).self", type: "\(type).Type")
        }
        guard let colon = text.firstIndex(of: ":") else {
            guard let name = words.last, words.count <= 2 else { throw error("\(text) is no parameter") }
            return Parameter(name: name, declaration: "\(text): some RedisArgument", type: "some RedisArgument")
        }
        guard let name = text[..<colon].split(separator: " ").last else { throw error("\(text) is no parameter") }
        let declared = text[text.index(after: colon)...].drop { $0 == " " }
        let type = declared.firstRange(of: " = ").map { declared[..<$0.lowerBound] } ?? declared
        guard !type.contains("Collection<(") && !type.contains("Sequence<(") || !text.hasPrefix("_ ") else {
            throw error(
                "a literal would be a dictionary, in no order: take KeyValuePairs, and a collection by `pairs:`")
        }
        let hasStandard = type.count < declared.count
        let standard = hasStandard ? "" : type.hasSuffix("?") ? " = nil" : type == "Bool" ? " = false" : ""
        // A flag without a label is the value itself: setbit(_:_:_:).
        let isValue = type == "Bool" && text.hasPrefix("_ ")
        return Parameter(
            name: String(name), declaration: text + (isValue ? "" : standard), type: String(type))
    }

    // MARK: What the facades need

    func declarations() throws(GeneratorError) -> [CommandFunction] {
        var forms = [declaration(parameters.map(\.declaration))]
        if function.hasTwin {
            guard let list = parameters.firstIndex(where: \.isList) else { throw error("a twin needs a list") }
            var twin = parameters.map(\.declaration)
            let element = parameters[list].type.dropFirst().dropLast()
            twin[list] = twin[list].replacing(": \(parameters[list].type)", with: ": \(element)...")
            forms.append(declaration(twin, isTwin: true))
        }
        return forms
    }

    private func declaration(_ declarations: [String], isTwin: Bool = false) -> CommandFunction {
        CommandFunction(
            documentation: documentation(isTwin: isTwin), attributes: isOfModules ? [] : ["@inlinable"], name: name,
            generics: generics.isEmpty ? "" : "<\(generics.joined(separator: ", "))>",
            parameters: zip(parameters, declarations).map { parameter, declaration in
                let label = declaration.prefix { $0 != " " && $0 != ":" }
                return CommandFunction.Parameter(
                    declaration: declaration,
                    argument: label == "_" ? parameter.name : "\(label): \(parameter.name)")
            },
            reply: reply, place: function.place, isReading: function.effect.map { $0 == "read" } ?? command.isReading)
    }

    private func documentation(isTwin: Bool) -> [String] {
        var text = Documentation()
        text.paragraph(function.sentence ?? command.sentence)
        let note = function.note ?? command.note
        text.break()
        if !note.isEmpty { text.paragraph(note) }
        if isTwin, let list = parameters.first(where: \.isList) {
            text.paragraph("The \(list.name) are written one by one.")
        }
        if command.isUnrun { text.paragraph("Not run by our tests: no server here has it.") }
        if reply != "Void" && !function.returns.isEmpty { text.paragraph("- Returns: " + function.returns) }
        let complexity = function.complexity ?? command.complexity
        if !complexity.isEmpty { text.paragraph("- Complexity: " + complexity) }
        let later = function.since == nil && !command.later.isEmpty ? "; " + command.later : ""
        text.paragraph(
            "- Since: " + (function.since.map { $0.first?.isNumber == true ? "Redis " + $0 : $0 } ?? command.since)
                + later)
        return text.lines
    }

    // MARK: The value

    /// The lines of the body of `static func`, without indentation; of the twin a call of the other form.
    func body(isTwin: Bool) throws(GeneratorError) -> [String] {
        if isTwin {
            let call = try declarations()[0].parameters.map(\.argument).joined(separator: ", ")
            return ["\(name)(\(call))"]
        }
        var words = try statements()
        let parts = command.name.split(separator: " ")
        if parts.count > 1 { words.insert("arguments.append(\"\(parts[1])\")", at: 0) }
        let type = "RedisCommand<\(reply)>("
        var head = function.name ?? "\"\(parts[0])\""
        // A route that is worked out stands on a line of its own.
        var routing: [String] = []
        if let way = try way() {
            head += ","
            if way.contains(where: { $0 == "?" || $0 == "," }) { routing = [way] } else { head += " " + way }
        }
        let end = words.isEmpty ? (reply == "Void" ? ") { _ in }" : ")") : ") { arguments in"
        var lines: [String] = []
        if let reading = function.reading {
            let opening = "decode: { reply throws(RedisConversionError) in"
            lines = [type, "    \(head)"] + routing.map { "    " + $0 }
            lines[lines.count - 1] += ","
            // It stands behind two levels of indentation, and one of its own.
            let isShort = opening.count + reading.count + 3 <= FacadeWriter.columns - 12
            lines += isShort ? ["    \(opening) \(reading) }"] : ["    \(opening)", "        \(reading)", "    }"]
            lines.append(end)
        } else if !routing.isEmpty {
            lines = [type, "    \(head)"] + routing.map { "    " + $0 } + [end]
        } else {
            lines = [type + head + end]
        }
        if !words.isEmpty { lines += words.map { "    " + $0 } + ["}"] }
        return lines
    }

    /// The arguments that say its way; nil for the one that most take.
    private func way() throws(GeneratorError) -> String? {
        let usual =
            switch function.route ?? command.route {
            case "bulk": ".bulk"
            case "search": ".searching"
            case "lease": ".blocking"
            case "connection": ".conversation(confirmations: 0)"
            case "shared": ".shared"
            default: throw error("a function on the route \(function.route ?? command.route)")
            }
        let route = usual == ".shared" ? [] : ["route: \(usual)"]
        guard let none = function.none else { return route.first }
        guard
            let list = parameters.first(where: { $0.isList && !$0.declaration.contains(" = ") })
                ?? parameters.first(where: \.isPairs)
        else { throw error("`none` without a list") }
        let other =
            switch none {
            case "zero": ".answered(.zero)"
            case "nothing": ".answered(.nothing)"
            default: ".refused(reason: \"\(none.drop { $0 != " " }.dropFirst())\")"
            }
        guard list.isSequence else { return "route: \(list.name).isEmpty ? \(other) : \(usual)" }
        return (route + ["least: \(try least())", "else: \(other)"]).joined(separator: ", ")
    }

    /// How many words it has with one pair of its sequence: an expression, as options may add some.
    private func least() throws(GeneratorError) -> String {
        var count = command.name.split(separator: " ").count + 2
        var options = ""
        for word in try Self.words(of: function.words ?? "", else: error) {
            guard word.hasPrefix("[") else {
                count += word.hasPrefix("`") || word.hasSuffix("...") ? 0 : 1
                continue
            }
            let parts = try Self.words(of: String(word.dropFirst().dropLast()), else: error)
            guard let option = parameters.first(where: { parts.contains($0.name) }) else {
                throw error("\(word) names no parameter")
            }
            if option.isFlag {
                options += " + (\(option.name) ? \(parts.count - 1) : 0)"
            } else if parts.count == 1 {
                options += " + (\(option.name)?.wordCount ?? 0)"
            } else {
                options += " + (\(option.name) == nil ? 0 : \(parts.count))"
            }
        }
        return "\(count)" + options
    }

    private func statements() throws(GeneratorError) -> [String] {
        guard let words = function.words else {
            return parameters.filter { $0.name != "type" }.map { parameter in
                parameter.isList
                    ? "arguments.append(contentsOf: \(parameter.name))" : "arguments.append(\(parameter.name))"
            }
        }
        var lines: [String] = []
        for word in try Self.words(of: words, else: error) { lines += try statements(word) }
        return lines
    }

    private func statements(_ word: String) throws(GeneratorError) -> [String] {
        if word.hasPrefix("`") { return [String(word.dropFirst().dropLast())] }
        if word.hasPrefix("#") { return ["arguments.append(\(word.dropFirst()).count)"] }
        if word.hasSuffix("...") {
            let name = String(word.dropLast(3))
            guard let list = parameters.first(where: { $0.name == name }) else {
                throw error("\(word) names no parameter")
            }
            let pairs = list.type == "KeyValuePairs<String, any RedisArgument>" ? "\(name).erased" : name
            return ["arguments.append(\(list.isPairs ? "pairs: \(pairs)" : "contentsOf: \(name)"))"]
        }
        if word.hasPrefix("[") {
            let parts = try Self.words(of: String(word.dropFirst().dropLast()), else: error)
            guard
                let parameter = parameters.first(where: { parameter in
                    parts.contains { $0 == parameter.name || $0.hasPrefix(parameter.name + ".") }
                })
            else { throw error("\(word) names no parameter") }
            var inner: [String] = []
            for part in parts where !(parameter.isFlag && part == parameter.name) { inner += try statements(part) }
            return ["if \(parameter.isFlag ? "" : "let ")\(parameter.name) {"] + inner.map { "    " + $0 } + ["}"]
        }
        let first = String(word.prefix { $0 != "." && $0 != "(" })
        if parameters.contains(where: { $0.name == first }) {
            // `upper.text(isLower:false)` is written without a space, which divides words.
            return ["arguments.append(\(word.replacing(":false", with: ": false").replacing(":true", with: ": true")))"]
        }
        guard word == word.uppercased() else { throw error("\(word) is neither a parameter nor a word in upper case") }
        return ["arguments.append(\"\(word)\")"]
    }

    /// The words of a line; what stands in brackets or backticks is one.
    private static func words(
        of text: String, else error: (String) -> GeneratorError
    ) throws(GeneratorError) -> [String] {
        var words: [String] = []
        var word = ""
        var closer: Character?
        for character in text {
            if let end = closer {
                word.append(character)
                if character == end { closer = nil }
            } else if character == " " {
                if !word.isEmpty { words.append(word) }
                word = ""
            } else {
                if word.isEmpty { closer = character == "[" ? "]" : character == "`" ? "`" : nil }
                word.append(character)
            }
        }
        guard closer == nil else { throw error("\(word) does not end") }
        return word.isEmpty ? words : words + [word]
    }
}

/// The lines of a comment, wrapped.
struct Documentation {
    private(set) var lines: [String] = []
    private var isBroken = false

    mutating func paragraph(_ text: String) {
        if isBroken { lines.append("///") }
        isBroken = false
        var line = "///"
        let isList = text.hasPrefix("- ")
        // An indentation of four stands in front of it.
        for word in text.split(separator: " ") {
            if line.count + 1 + word.count > FacadeWriter.columns - 4 {
                lines.append(line)
                line = isList ? "///  " : "///"
            }
            line += " " + word
        }
        lines.append(line)
    }

    /// An empty line before the next paragraph.
    mutating func `break`() { isBroken = true }
}
