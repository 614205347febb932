/// What a file of code has told so far about its names: which are modules, types or functions that make clients, and
/// which are clients. Facts come in the order of the text, and a name that is assigned anew loses what it was.
struct CodeFacts {
    let list: TokenList
    /// Local names of modules, with the module's own name.
    var modules: [String: String] = [:]
    /// Local names of what makes clients, with the full name.
    var makers: [String: String] = [:]
    /// Chains such as `self.cache` that hold a client.
    var clients: Set<String> = []

    /// Members looked through to find a receiver; a longer chain is not followed.
    private static let mostHops = 32

    init(_ list: TokenList) {
        self.list = list
    }

    /// The full name of a chain, its first name replaced by what it stands for.
    func resolved(_ names: [String]) -> [String] {
        guard let first = names.first, let full = makers[first] ?? modules[first] else { return names }
        return full.split(separator: ".").map(String.init) + names.dropFirst()
    }

    /// The chain that ends at `index`, which holds a word, and where it begins.
    func chain(endingAt index: Int) -> (names: [String], start: Int) {
        var names = [list.word(index) ?? ""]
        var start = index
        while names.count < Self.mostHops {
            guard list.isSymbol(start - 1, ".") else { break }
            var before = start - 2
            while list.isSymbol(before, "?") || list.isSymbol(before, "!") { before -= 1 }
            guard let name = list.word(before) else { break }
            names.insert(name, at: 0)
            start = before
        }
        return (names, start)
    }

    /// True if what ends at `index` is a client, as far as a reader of this file can tell.
    func isClient(endingAt index: Int) -> Bool {
        var index = index
        for _ in 0..<Self.mostHops {
            while list.isSymbol(index, "?") || list.isSymbol(index, "!") { index -= 1 }
            if list.isSymbol(index, "]"), let open = list[index]?.partner {
                index = open - 1
            } else if list.isSymbol(index, ")"), let open = list[index]?.partner {
                guard list.opensCall(open), let callee = list.word(open - 1), !Self.keywords.contains(callee) else {
                    index -= 1
                    continue
                }
                // What a client's pipeline is told, the client is told.
                guard ["pipeline", "multi", "client", "transaction"].contains(callee), list.isSymbol(open - 2, ".")
                else {
                    let names = chain(endingAt: open - 1).names
                    return makers[names[0]] != nil || RedisWords.isClientName(callee)
                        || names.dropLast().last.map { makers[$0] != nil } == true
                }
                index = open - 3
            } else {
                guard list.word(index) != nil else { return false }
                let names = chain(endingAt: index).names
                return clients.contains(names.joined(separator: ".")) || RedisWords.isClientName(names[names.count - 1])
            }
        }
        return false
    }

    /// Takes note that the value which begins at `start` is a client: the name it is assigned to is one.
    mutating func noteClient(valueAt start: Int) {
        var index = start - 1
        while list.isSymbol(index, "(") && list.word(index - 1) == nil || list.word(index).map(Self.isPrefix) == true
            || list.isSymbol(index, "?") || list.isSymbol(index, "!")
        {
            index -= 1
        }
        guard list.isSymbol(index, "=") || list.isSymbol(index, ":=") else { return }
        index -= 1
        while list.isSymbol(index, "?") || list.isSymbol(index, "!") { index -= 1 }
        guard list.word(index) != nil else { return }
        let (names, chainStart) = chain(endingAt: index)
        // Of `let client: Type = …` the name stands before the colon.
        if list.isSymbol(chainStart - 1, ":"), let name = list.word(chainStart - 2) {
            clients.insert(name)
        } else {
            clients.insert(names.joined(separator: "."))
        }
    }

    /// Takes note of `a = …`: `a` is what its new value makes it, and nothing else any more.
    mutating func noteAssignment(to names: [String], valueAt start: Int) {
        let name = names.joined(separator: ".")
        clients.remove(name)
        var start = start
        while list.word(start).map(Self.isPrefix) == true { start += 1 }
        guard list.beginsChain(start), let (source, next) = list.chain(at: start) else { return }
        if list.opensCall(next) {
            let makes = source.last == "pipeline" && next > 2 && isClient(endingAt: next - 3)
            if makes || RedisWords.isClientName(source[source.count - 1]) { clients.insert(name) }
        } else if clients.contains(source.joined(separator: ".")) {
            clients.insert(name)
        } else if names.count == 1, list[next].map(\.startsLine) ?? true {
            let full = resolved(source)
            if full != source || modules[source[0]] != nil { makers[name] = full.joined(separator: ".") }
        }
    }

    private static let keywords: Set<String> = [
        "await", "return", "in", "if", "while", "and", "or", "not", "yield", "lambda", "try", "print", "assert",
    ]

    private static func isPrefix(_ word: String) -> Bool { ["await", "try", "async"].contains(word) }
}
