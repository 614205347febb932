/// One file of calls, which becomes Swift that makes the same calls.
///
/// ```
/// setup RPUSH l a b c
/// lpos("l", "b") :: LPOS l b => 1
/// ```
/// A `setup` begins with an empty database; the calls below it run in their order. `on redis 7.4 valkey 9.0` holds for
/// the calls below it, to the next `on`, and `on all` ends it. `on none` holds for no server: only the words are
/// compared, and what becomes of the documented reply, where it stands below the call as its bytes, with a space for
/// each end of a line: `resp2 *2 $1 3 $4 0.25`, `resp3 *2 ,3 ,0.25`, or `resp :1` for both.
struct CallFile {
    let name: String
    private(set) var text: String

    var fileName: String { "CommandCalls+\(name).swift" }

    /// The name of the function that makes its calls.
    private var function: String { name.prefix(1).lowercased() + name.dropFirst() }

    static let listName = "CommandCalls+All.swift"

    /// Swift that makes the calls of all files.
    static func list(of files: [CallFile]) -> String {
        let lines = [
            "\(FacadeWriter.mark)\(PackageFolder.callTable); edits are lost.", "", "extension CommandCalls {",
            "    mutating func makeAll() {",
        ]
        return (lines + files.map { "        \($0.function)()" } + ["    }", "}"]).joined(separator: "\n") + "\n"
    }

    init(name: String, path: String, isOfModules: Bool, _ source: String) throws(GeneratorError) {
        self.name = name
        text = ""
        var lines =
            [
                "\(FacadeWriter.mark)\(path); edits are lost.", "import Bulkhead",
            ] + (isOfModules ? ["import BulkheadModules"] : []) + [
                "", "extension CommandCalls {", "    mutating func \(function)() {",
                // The last `on` of another file does not hold here.
                "        on(\"all\")",
            ]
        for (number, line) in source.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let place = "\(path):\(number + 1)"
            if line.isEmpty || line.hasPrefix("#") { continue }
            if line.hasPrefix("setup") {
                let setup = line.dropFirst("setup".count).split(separator: ";").map { $0.trimmed }
                let whole = "        setup([\(setup.map(\.quoted).joined(separator: ", "))])"
                lines +=
                    whole.count <= FacadeWriter.columns
                    ? [whole] : ["        setup(["] + setup.map { "            \($0.quoted)," } + ["        ])"]
            } else if line.hasPrefix("resp") {
                guard let gap = line.firstIndex(of: " "), lines.last?.hasSuffix(")") == true else {
                    throw GeneratorError(place: place, problem: "expected a call above it, and a reply: resp :1")
                }
                lines[lines.count - 1].removeLast()
                lines[lines.count - 1] += ","
                lines += Self.argument(String(line[..<gap]), line[gap...].trimmed)
            } else if line.hasPrefix("on ") {
                lines.append("        on(\(String(line.dropFirst(3)).quoted))")
            } else {
                guard let call = line.firstRange(of: " :: "), let value = line.firstRange(of: " => ", after: call)
                else {
                    throw GeneratorError(place: place, problem: "expected call(…) :: WORDS => value")
                }
                let made = line[..<call.lowerBound].trimmed
                let ofServer = made.hasPrefix("server.")
                lines.append("        call(")
                let argument = ofServer ? "server: .\(made.dropFirst("server.".count))" : ".\(made)"
                lines += Self.wrapped(argument + ",")
                lines += [
                    "            sends: \(line[call.upperBound..<value.lowerBound].trimmed.quoted),"
                ]
                let gives = "            gives: \(line[value.upperBound...].trimmed.quoted),"
                let at = "at: \(place.quoted))"
                let fits = gives.count + 1 + at.count <= FacadeWriter.columns
                lines += fits ? [gives + " " + at] : [gives, "            " + at]
            }
        }
        lines += ["    }", "}"]
        text = lines.joined(separator: "\n") + "\n"
        for line in lines where line.count > FacadeWriter.columns {
            throw GeneratorError(
                place: path, problem: "needs a line of more than \(FacadeWriter.columns) columns: \(line)")
        }
    }
}

extension CallFile {
    /// The last argument of a call: a text, divided between words where it is too long for a line.
    fileprivate static func argument(_ label: String, _ text: String) -> [String] {
        var lines: [String] = []
        var line = "            \(label): \""
        for (index, word) in text.split(separator: " ", omittingEmptySubsequences: false).enumerated() {
            if line.count + word.count + 3 > FacadeWriter.columns {
                lines.append(line + "\"")
                line = "                + \""
            }
            line += index == 0 ? word : " " + word
        }
        return lines + [line + "\")"]
    }

    /// A call on one line, or its arguments on lines of their own, divided behind commas.
    fileprivate static func wrapped(_ call: String) -> [String] {
        let indentation = "            "
        guard indentation.count + call.count > FacadeWriter.columns, let open = call.firstIndex(of: "(") else {
            return [indentation + call]
        }
        var lines = [indentation + call[...open]]
        var line = indentation + "   "
        for part in call[call.index(after: open)...].split(separator: ", ") {
            let part = part.hasSuffix(",") ? " \(part)" : " \(part),"
            if line.count + part.count > FacadeWriter.columns {
                lines.append(line)
                line = indentation + "   "
            }
            line += part
        }
        return lines + [line]
    }
}

extension StringProtocol {
    /// Without space at both ends.
    fileprivate var trimmed: String {
        var text = self.drop { $0 == " " }
        while text.last == " " { text.removeLast() }
        return String(text)
    }

    /// As a literal of Swift in which nothing is escaped but by `\#`.
    fileprivate var quoted: String { contains("\"") || contains("\\") ? "#\"\(self)\"#" : "\"\(self)\"" }
}

extension Substring {
    fileprivate func firstRange(of text: String, after range: Range<Index>) -> Range<Index>? {
        self[range.upperBound...].firstRange(of: text)
    }
}
