/// A word, number, string or sign of a program's text. Comments are kept apart.
struct Token: Sendable, Hashable {
    enum Kind: Sendable, Hashable { case word, number, string, symbol }

    let kind: Kind
    /// Where it stands in the file, in bytes.
    var range: Range<Int>
    /// A string's content with its escapes resolved and a `hole` for each interpolation; else the token as it stands.
    var text: String
    /// True if it begins a line; in Python, a logical one.
    let startsLine: Bool
    /// The other bracket of a pair, as an index of tokens.
    var partner: Int?
    /// The bracket that this token stands directly in, as an index of tokens.
    var parent: Int?

    /// Stands in a string for what is put in when the program runs.
    static let hole: Character = "\u{fffc}"
}

/// A comment, with its signs.
struct SourceComment: Sendable, Hashable {
    let range: Range<Int>
    let text: String
}

/// A program's text as tokens whose brackets are paired. Tokens of interpolations follow their string, in brackets.
struct TokenList: Sendable {
    private(set) var tokens: [Token]
    let comments: [SourceComment]

    init(_ tokens: [Token], _ comments: [SourceComment]) {
        self.tokens = tokens
        self.comments = comments
        pairBrackets()
    }

    var indices: Range<Int> { tokens.indices }

    subscript(index: Int) -> Token? { tokens.indices.contains(index) ? tokens[index] : nil }

    func isSymbol(_ index: Int, _ text: String) -> Bool {
        self[index].map { $0.kind == .symbol && $0.text == text } ?? false
    }

    func isWord(_ index: Int, _ text: String) -> Bool {
        self[index].map { $0.kind == .word && $0.text == text } ?? false
    }

    /// The word at an index; nil if something else stands there.
    func word(_ index: Int) -> String? {
        self[index].flatMap { $0.kind == .word ? $0.text : nil }
    }

    /// The names of `a.b.c` that begin at `index`, and the index behind them. `?` and `!` between them do not count.
    func chain(at index: Int) -> (names: [String], next: Int)? {
        guard let first = word(index) else { return nil }
        var names = [first]
        var next = index + 1
        while true {
            var dot = next
            while isSymbol(dot, "?") || isSymbol(dot, "!") { dot += 1 }
            guard isSymbol(dot, "."), let name = word(dot + 1) else { return (names, next) }
            names.append(name)
            next = dot + 2
        }
    }

    /// True if the parenthesis of a call stands at `index`: on a new line one begins something else.
    func opensCall(_ index: Int) -> Bool {
        isSymbol(index, "(") && self[index]?.startsLine == false
    }

    /// True if a name at `index` begins a chain and is no member of something.
    func beginsChain(_ index: Int) -> Bool {
        word(index) != nil && !isSymbol(index - 1, ".")
    }

    /// The arguments between a bracket and its partner, each as its tokens without what lies in deeper brackets.
    func arguments(ofBracketAt open: Int) -> [CallArgument] {
        guard let close = tokens[open].partner, close > open else { return [] }
        var arguments: [CallArgument] = []
        var start = open + 1
        var index = start
        func finish(at end: Int) {
            if start < end { arguments.append(CallArgument(self, start..<end)) }
            start = end + 1
        }
        while index < close {
            if isSymbol(index, ",") { finish(at: index) }
            index = (tokens[index].partner.map { max($0, index) } ?? index) + 1
        }
        finish(at: close)
        return arguments
    }

    private mutating func pairBrackets() {
        let kinds = ["(", "[", "{"]
        let closing = [")", "]", "}"]
        var open: [(kind: Int, index: Int)] = []
        var counts = [0, 0, 0]
        for index in tokens.indices {
            let isSymbol = tokens[index].kind == .symbol
            if isSymbol, let kind = closing.firstIndex(of: tokens[index].text), counts[kind] > 0 {
                // What was left open inside of the pair has no partner.
                while let last = open.popLast() {
                    counts[last.kind] -= 1
                    guard last.kind == kind else { continue }
                    tokens[last.index].partner = index
                    tokens[index].partner = last.index
                    break
                }
            }
            tokens[index].parent = open.last?.index
            if isSymbol, let kind = kinds.firstIndex(of: tokens[index].text) {
                open.append((kind, index))
                counts[kind] += 1
            }
        }
    }
}

/// One argument of a call, or one entry of what stands in brackets.
struct CallArgument: Sendable {
    /// `db` of `db=3`, `db: 3` and `"db": 3`; nil for one by place.
    let label: String?
    /// Where it begins, as an index of tokens.
    let start: Int
    /// The tokens of its value.
    let value: Range<Int>

    init(_ list: TokenList, _ range: Range<Int>) {
        start = range.lowerBound
        let sign = start + 1
        let isWord = list.word(start) != nil && (list.isSymbol(sign, "=") || list.isSymbol(sign, ":"))
        let isText = list[start]?.kind == .string && list.isSymbol(sign, ":")
        let hasLabel = range.count > 2 && (isWord || isText)
        label = hasLabel ? list[start]?.text : nil
        value = hasLabel ? sign + 1..<range.upperBound : range
    }
}
