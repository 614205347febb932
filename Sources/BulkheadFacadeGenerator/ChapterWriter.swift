/// Puts the cases of the conformance kit into the program, which runs where there is no checkout: each chapter is a
/// string.
enum ChapterWriter {
    static let listName = "ChapterTexts.swift"

    static func fileName(of chapter: String) -> String { "ChapterTexts+\(chapter).swift" }

    static func text(of chapter: String, path: String, _ text: String) throws(GeneratorError) -> String {
        let quotes = "\"\"\""
        guard !text.contains(quotes + "##") else {
            throw GeneratorError(place: path, problem: "holds \(quotes)##, which ends a string of Swift")
        }
        return """
            \(FacadeWriter.mark)\(path); edits are lost.
            // swift-format-ignore-file

            extension ChapterTexts {
            static let \(member(chapter)) = ##\(quotes)
            \(text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\n"))
            \(quotes)##
            }

            """
    }

    /// The names of all, with their texts.
    static func list(of chapters: [String]) -> String {
        let entries = chapters.map { "        (\"\($0)\", \(member($0)))," }
        return """
            \(FacadeWriter.mark)\(PackageFolder.cases); edits are lost.

            /// The cases of the kit, as they stand in their files.
            enum ChapterTexts {
                static let all: [(name: String, text: String)] = [
            \(entries.joined(separator: "\n"))
                ]
            }

            """
    }

    /// A line for each command of the servers: its name, and the versions it came with as `@` of forms has them.
    static func versions(of groups: [CommandGroup]) -> String {
        let commands = groups.filter { !$0.isOfModules }.flatMap(\.commands)
        return commands.map { command in
            let gates = [("since", ""), ("redis", "redis-"), ("valkey", "valkey-")].compactMap { name, product in
                command.values[name].map { product + $0 }
            }
            return "\(command.name);\(gates.joined(separator: ","))"
        }.sorted().joined(separator: "\n")
    }

    private static func member(_ chapter: String) -> String { chapter.prefix(1).lowercased() + chapter.dropFirst() }
}
