import BulkheadConsole

/// What is to be said about keys: each text once, with how many keys it concerns and the first of them.
struct KeyRemarks: Sendable, Encodable {
    struct Remark: Sendable, Encodable {
        let text: String
        fileprivate(set) var count = 0
        /// The first of the keys, at most `keysShown`.
        fileprivate(set) var keys: [ShownBytes] = []
    }

    private(set) var all: [Remark] = []
    /// How many keys were said something about.
    private(set) var count = 0

    /// Keys shown with each text.
    static let keysShown = 10
    /// Texts that are counted each; further ones are counted under the last.
    static let mostTexts = 50

    mutating func add(_ text: String, _ key: some Sequence<UInt8>) {
        count += 1
        var index = all.firstIndex { $0.text == text }
        if index == nil, all.count < Self.mostTexts {
            index = all.count
            all.append(Remark(text: all.count == Self.mostTexts - 1 ? "other reasons" : text))
        }
        let place = index ?? all.count - 1
        all[place].count += 1
        if all[place].keys.count < Self.keysShown { all[place].keys.append(ShownBytes(key)) }
    }

    /// The remarks as lines of a screen, keys below them.
    func lines(on screen: Screen) -> [String] {
        all.flatMap { remark in
            var lines = "\(Units.grouped(remark.count)): \(remark.text)".wrapped(to: screen.proseColumns)
            lines += remark.keys.map { "  " + $0.line(on: screen, behind: 2) }
            if remark.count > remark.keys.count { lines.append("  …") }
            return lines
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(all)
    }
}
