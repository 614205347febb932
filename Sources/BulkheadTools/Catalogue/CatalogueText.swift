package import Bulkhead

/// A catalogue as a file for people: each entry on lines of its own, with the members that most need.
package enum CatalogueText {
    package static func text(of entries: [DatabaseEntry]) -> String {
        let blocks = entries.map { entry in
            var members = [("name", quoted(entry.name.text)), ("number", "\(entry.number)")]
            if let target = entry.aliasOf {
                members.append(("alias_of", quoted(target.text)))
            }
            members += [
                ("purpose", quoted(entry.purpose)),
                ("key_patterns", "[" + entry.keyPatterns.map(quoted).joined(separator: ", ") + "]"),
                ("may_be_flushed", entry.mayBeFlushed ? "true" : "false"),
            ]
            return "    {\n" + members.map { "      \"\($0)\": \($1)" }.joined(separator: ",\n") + "\n    }"
        }
        return "{\n  \"databases\": [\n" + blocks.joined(separator: ",\n") + "\n  ]\n}\n"
    }

    private static func quoted(_ text: String) -> String {
        var bytes: [UInt8] = []
        bytes.append(jsonString: text.utf8)
        return String(decoding: bytes, as: UTF8.self)
    }
}
