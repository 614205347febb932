/// Writes the types of one file: replies that are read field by field, options of one word.
struct TypeWriter {
    private static let indentation = "    "

    static func fileName(of file: TypeFile) -> String { "Types+\(file.name).swift" }

    static func text(of file: TypeFile) throws(GeneratorError) -> String {
        var lines = ["\(FacadeWriter.mark)\(file.path); edits are lost."]
        if file.types.contains(where: { $0.kind != .words }) {
            if file.isOfModules { lines.append("public import BulkheadCommands") }
            if file.types.contains(where: \.isReply) { lines.append("public import BulkheadRESP") }
        }
        for type in file.types {
            lines.append("")
            let first = lines.count
            lines += Self.lines(of: type, isOfModules: file.isOfModules)
            for line in lines[first...] where line.count > FacadeWriter.columns {
                throw GeneratorError(
                    place: type.place,
                    problem: "\(type.name) needs a line of more than \(FacadeWriter.columns) columns: \(line)")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func lines(of type: TypeFacts, isOfModules: Bool) -> [String] {
        let parts = type.name.split(separator: ".").map(String.init)
        let generic = type.generic.map { "<\($0): RedisDecodable>" } ?? ""
        var lines = documentation(type.paragraphs)
        lines.append("public struct \(parts[parts.count - 1])\(generic): \(protocols(of: type, isOfModules)) {")
        lines += members(of: type, isOfModules).map { $0.isEmpty ? $0 : indentation + $0 } + ["}"]
        if let outer = parts.dropLast().last {
            lines = ["extension \(outer) {"] + lines.map { $0.isEmpty ? $0 : indentation + $0 } + ["}"]
        }
        guard let generic = type.generic, !type.conformances.isEmpty else { return lines }
        return lines + [""]
            + type.conformances.map { "extension \(type.name): \($0) where \(generic): \($0) {}" }
    }

    private static func protocols(of type: TypeFacts, _ isOfModules: Bool) -> String {
        let own: [String] =
            switch type.kind {
            case .record, .row: ["RedisDecodable"] + (type.generic == nil ? type.conformances : [])
            case .words: ["Sendable", "Hashable", isOfModules ? "ModuleWordOption" : "RedisWordOption"]
            case .numbers: ["RedisOutcome"] + type.conformances
            }
        return own.joined(separator: ", ")
    }

    private static func members(of type: TypeFacts, _ isOfModules: Bool) -> [String] {
        switch type.kind {
        case .record, .row: fields(of: type) + [""] + reading(of: type)
        case .words: [(isOfModules ? "" : "@usableFromInline ") + "let word: String", ""] + values(of: type)
        case .numbers:
            [
                "/// As servers say it.", "public let rawValue: Int",
                "/// Any number; the known ones have names.",
                "public init(rawValue: Int) { self.rawValue = rawValue }", "",
            ] + values(of: type)
        }
    }

    // MARK: Words and numbers

    private static func values(of type: TypeFacts) -> [String] {
        type.members.flatMap { member -> [String] in
            guard case .server(let value) = member.source else { return [] }
            let isWord = type.kind == .words
            return documentation([isWord ? member.sentence.naming(value) : member.sentence]) + [
                "public static let \(member.name) = \(type.name)"
                    + (isWord ? "(word: \"\(value)\")" : "(rawValue: \(value))")
            ]
        }
    }

    // MARK: Replies

    private static func fields(of type: TypeFacts) -> [String] {
        let record =
            type.keepsAll
            ? ["/// All fields, also those that have no name here.", "public let record: RedisRecord"] : []
        return record
            + type.members.flatMap { documentation([$0.sentence]) + ["public let \($0.name): \($0.type)"] }
    }

    private static func reading(of type: TypeFacts) -> [String] {
        let isRow = type.kind == .row
        let count = type.leastCount.map { "atLeast: \($0)" } ?? "count: \(type.members.count)"
        var body =
            isRow
            ? ["let parts = try value.requireElements(\"\(type.detail)\", \(count))"]
            : ["\(type.keepsAll ? "" : "let ")record = try RedisRecord(redis: value)"]
        for (place, member) in type.members.enumerated() {
            // The parameter and the constant of `init` have these names.
            let isHidden = ["value", "parts", "record"].contains(member.name)
            let mayBeMissing = member.source == .place && type.leastCount.map { place >= $0 } ?? false
            let read = expression(member, place)
            body.append(
                "\(isHidden ? "self." : "")\(member.name) = "
                    + (mayBeMissing ? "parts.count > \(place) ? \(read) : nil" : read))
        }
        return ["/// Reads \(isRow ? type.detail : "a record"); throws if it is something else."] + [
            "public init(redis value: RESPValue) throws(RedisConversionError) {"
        ] + body.map { indentation + $0 } + ["}"]
    }

    /// Durations are numbers of milliseconds.
    private static func expression(_ member: TypeFacts.Member, _ place: Int) -> String {
        let isDuration = member.type == "Duration" || member.type == "Duration?"
        let read: String
        switch member.source {
        case .code(let code): return code
        case .rest: return "parts.dropFirst(\(place)).map { $0.detached() }"
        case .place: read = "try \(isDuration ? "Int64" : member.type)(redis: parts[\(place)])"
        case .server(let name):
            let isOptional = member.type.hasSuffix("?")
            read = "try record.\(isOptional ? "optional" : "required")(\"\(name)\")\(isDuration ? " as Int64" : "")"
        }
        return isDuration ? ".milliseconds(\(read))" : read
    }

    private static func documentation(_ paragraphs: [String]) -> [String] {
        var text = Documentation()
        for (index, paragraph) in paragraphs.enumerated() {
            if index > 0 { text.break() }
            text.paragraph(paragraph)
        }
        return text.lines
    }
}

extension String {
    /// The sentence with the word that is sent: `In the background (`ASYNC`).`
    fileprivate func naming(_ word: String) -> String {
        let ends = [". ", "; ", ": "].compactMap { firstRange(of: $0)?.lowerBound }
        guard let end = ends.min() ?? (hasSuffix(".") ? index(before: endIndex) : nil) else { return self }
        return "\(self[..<end]) (`\(word)`)\(self[end...])"
    }
}
