/// One input, with all that decides what happens: the same one gives the same verdict on every machine.
struct Input {
    var target: Target
    /// Decides what the bytes do not: limits, chunks, settings, the order of events.
    var variant: UInt64
    var bytes: [UInt8]
}

/// What a target did with an input.
enum Verdict {
    /// What was promised held; the words say how it ended and are counted.
    case held(String)
    /// A promise was broken: which one.
    case broken(String)
}

// How an input is kept in a file: a head of lines, an empty line, and the bytes as they are.

extension Input {
    private static let title = "Input of Tests/fuzz"

    func file(_ remark: String) -> [UInt8] {
        let line = String(remark.map { $0.isNewline ? " " : $0 })
        return Array("\(Self.title)\ntarget \(target.rawValue)\nvariant \(variant)\nremark \(line)\n\n".utf8) + bytes
    }

    /// Nil if it is no such file.
    init?(file: [UInt8]) {
        let newline = UInt8(ascii: "\n")
        var rest = file[...]
        var lines: [String] = []
        while let end = rest.firstIndex(of: newline) {
            let line = String(decoding: rest[..<end], as: UTF8.self)
            rest = rest[(end + 1)...]
            if line.isEmpty { break }
            lines.append(line)
        }
        func word(_ name: String) -> String? {
            lines.first { $0.hasPrefix(name + " ") }.map { String($0.dropFirst(name.count + 1)) }
        }
        guard lines.first == Self.title, let target = word("target").flatMap({ Target(rawValue: $0) }),
            let variant = word("variant").flatMap({ UInt64($0) })
        else { return nil }
        self.init(target: target, variant: variant, bytes: Array(rest))
    }
}
