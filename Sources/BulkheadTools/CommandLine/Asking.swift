/// Asking on a terminal before something is done.
extension StandardStreams {
    /// Shows `words`, and says whether `answer` was typed, and nothing else.
    func isAgreed(_ words: String, answer: String) -> Bool {
        try? errors.writeAll(words)
        let typed = input.readLine()
        // Nobody has ended the line of the question.
        if typed == nil { try? errors.writeAll("\n") }
        return typed == answer
    }
}

extension StandardStreams {
    /// Where somebody sits, says what a command reads from standard input: a program that is silent seems to hang.
    func sayWaiting(for what: String, _ program: String) {
        guard input.isTerminal else { return }
        let words = "\(program): reads \(what); Ctrl-D ends it, Ctrl-C stops it."
        try? errors.writeAll(words.paragraphs(on: errors.screen))
    }
}

extension Descriptor {
    /// What was typed up to the end of the line; nil at the end of input, past 1 KiB, or if it is no text.
    fileprivate func readLine() -> String? {
        var line: [UInt8] = []
        while line.count < 1_024 {
            var byte: UInt8 = 0
            guard (try? withUnsafeMutableBytes(of: &byte, { try readBlock(into: $0) })) == 1 else { return nil }
            if byte == UInt8(ascii: "\n") { return String(validating: line, as: UTF8.self) }
            line.append(byte)
        }
        return nil
    }
}
