/// Asking on a terminal before something is done.
extension StandardStreams {
    /// Shows `words`, and says whether `answer` was typed, and nothing else.
    func isAgreed(_ words: String, answer: String) -> Bool {
        try? errors.writeAll(words)
        return input.readLine() == answer
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
