/// Writes the values of one group: static functions of `RedisCommand`, or of `RedisServerCommand`.
struct ValueWriter {
    private static let indentation = "    "

    static func fileName(of group: CommandGroup, ofServer: Bool) -> String {
        "\(ofServer ? "TypedServerCommands" : "TypedCommands")+\(group.name).swift"
    }

    /// Nil where the table describes none.
    static func text(of group: CommandGroup, ofServer: Bool) throws(GeneratorError) -> String? {
        let functions = try group.functions(ofServer: ofServer)
        if functions.isEmpty { return nil }
        var lines = ["\(FacadeWriter.mark)\(group.path); edits are lost."]
        if functions.contains(where: \.declaration.namesRESP) { lines.append("public import BulkheadRESP") }
        if group.isOfModules { lines.append("public import BulkheadCommands") }
        lines.append("")
        let type = ofServer ? "RedisServerCommand" : "RedisCommand"
        lines += group.documentation
        lines.append("extension \(type) {")
        for (index, function) in functions.enumerated() {
            if index > 0 { lines.append("") }
            lines += function.declaration.documentation.map { indentation + $0 }
            lines += function.declaration.attributes.map { indentation + $0 }
            lines.append(
                list: "public static func \(function.declaration.name)\(function.declaration.generics)(",
                function.declaration.parameters.map(\.declaration),
                ") -> \(type)<\(function.declaration.reply)> {", indentation: indentation)
            lines += body(function.body, function.declaration.reply, ofServer: ofServer).map { line in
                indentation + indentation + line
            }
            lines.append(indentation + "}")
        }
        lines.append("}")
        for line in lines where line.count > FacadeWriter.columns {
            throw GeneratorError(
                place: group.path, problem: "needs a line of more than \(FacadeWriter.columns) columns: \(line)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The value of a server wraps that of a database, and its twin calls its other form.
    private static func body(_ lines: [String], _ reply: String, ofServer: Bool) -> [String] {
        guard ofServer, let first = lines.first, first.hasPrefix("RedisCommand<") else { return lines }
        let head = "RedisServerCommand<\(reply)>("
        if lines.count == 1, head.count + first.count + 9 < FacadeWriter.columns { return [head + first + ")"] }
        return [head] + lines.map { indentation + $0 } + [")"]
    }
}
