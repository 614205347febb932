import Foundation

/// A module's public interface as sorted lines of text, one for each declaration and each conformance.
struct PublicInterface {
    let lines: Set<String>

    /// What the compiler adds to nearly every type.
    private static let implied: Set = ["Swift.Copyable", "Swift.Escapable", "Swift.SendableMetatype"]

    init(_ graphs: [SymbolGraph]) {
        var lines: Set<String> = []
        for graph in graphs {
            let symbols = Dictionary(graph.symbols.map { ($0.identifier.precise, $0) }) { first, _ in first }
            let required = Set(graph.relationships.filter { $0.kind == "requirementOf" }.map(\.source))
            for symbol in graph.symbols where symbol.kind.identifier != "swift.extension" {
                let isRequired = required.contains(symbol.identifier.precise)
                let owner = symbol.pathComponents.dropLast().joined(separator: ".")
                let constraints = Self.text(symbol.swiftExtension?.constraints ?? [])
                let place = owner.isEmpty ? "" : "\(owner)\(constraints): \(isRequired ? "requires " : "")"
                lines.insert(place + symbol.declaration)
            }
            for relation in graph.relationships where relation.kind == "conformsTo" {
                guard let symbol = symbols[relation.source] else { continue }
                let name = symbols[relation.target]?.path ?? relation.targetFallback ?? relation.target
                if Self.implied.contains(name) { continue }
                let constraints = Self.text(symbol.swiftExtension?.constraints ?? [])
                lines.insert("\(symbol.path)\(constraints): conforms to \(name)")
            }
        }
        self.lines = lines
    }

    /// As `text` wrote it.
    init(text: String) { lines = Set(text.split(separator: "\n").map { String($0) }) }

    var text: String { lines.sorted().map { $0 + "\n" }.joined() }

    /// What may stop a user's program from compiling: `-` is gone or written in another way, `+` is a new case or a new
    /// requirement.
    static func breaks(from written: Set<String>, to present: Set<String>) -> Set<String> {
        let added = present.subtracting(written).filter { $0.contains(": case ") || $0.contains(": requires ") }
        return Set(written.subtracting(present).map { "- \($0)" } + added.map { "+ \($0)" })
    }

    /// The name that the changelog must have for a break: the member's, else its type's.
    static func name(ofBreak line: String) -> String {
        let declared = /\b(?:func|var|let|case|struct|enum|class|protocol|typealias|associatedtype) `?(\w+)/
        if let match = line.firstMatch(of: declared) { return String(match.1) }
        return line.dropFirst(2).prefix { $0 != ":" && $0 != " " }.split(separator: ".").last.map { String($0) } ?? line
    }

    private static func text(_ constraints: [SymbolGraph.Symbol.Constraint]) -> String {
        let words = constraints.map { "\($0.lhs) \($0.kind == "sameType" ? "==" : ":") \($0.rhs)" }
        return words.isEmpty ? "" : " where " + words.joined(separator: ", ")
    }
}
