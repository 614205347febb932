import Foundation

/// A page that groups a type's many methods by the file of their family, where DocC would list them by name.
struct TopicPage {
    let type: String
    let text: String

    /// `graph` is of Bulkhead.
    init(of type: String, in graph: SymbolGraph) {
        self.type = type
        let members = graph.symbols.filter { $0.pathComponents.count == 2 && $0.pathComponents[0] == type }
        let overloads = Dictionary(grouping: members, by: \.path)
        var topics: [String: Set<String>] = [:]
        for member in members {
            let name = member.pathComponents[1]
            let isOverloaded = (overloads[member.path]?.count ?? 0) > 1
            topics[Self.title(of: member), default: []].insert(
                "- ``\(name)\(isOverloaded ? "-\(member.linkHash)" : "")``")
        }
        var text = "# ``\(type)``\n\n@Comment { Tests/renew writes this page. }\n\n## Topics\n"
        for (title, links) in topics.sorted(by: { $0.key < $1.key }) {
            text += "\n### \(title)\n\n" + links.sorted().map { $0 + "\n" }.joined()
        }
        self.text = text
    }

    /// `RedisExecutor+SortedSets.swift` holds sorted sets.
    private static func title(of symbol: SymbolGraph.Symbol) -> String {
        let file = symbol.location?.uri.split(separator: "/").last ?? ""
        guard let family = file.split(separator: "+").dropFirst().first?.split(separator: ".").first else {
            return "Essentials"
        }
        var title = ""
        for letter in family { title += !title.isEmpty && letter.isUppercase ? " \(letter.lowercased())" : "\(letter)" }
        return title
    }
}
