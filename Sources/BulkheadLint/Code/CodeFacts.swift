/// What a file of code has shown so far about its names: what they stand for in a library, and which are clients.
/// Facts come in the order of the text, and a name that is assigned anew loses what it was.
struct CodeFacts {
    let list: TokenList
    let language: LintLanguage
    /// Local names with their full ones: a library's module, and what is named in it.
    private(set) var bindings: [String: [String]] = [:]
    /// Chains such as `self.cache` that hold a client.
    var clients: Set<String> = []
    /// Modules of other libraries that the file imports.
    private var imported: Set<String> = []

    /// True if a client of another library can be in this file.
    var importsLibrary: Bool { !imported.isEmpty }

    /// Members looked through to find a receiver; a longer chain is not followed.
    private static let mostHops = 32

    init(_ list: TokenList, _ language: LintLanguage) {
        self.list = list
        self.language = language
    }

    // MARK: Libraries

    /// The library that a module belongs to. A module of Python is known by its name, wherever that comes from.
    private func library(_ module: String) -> ClientLibrary? {
        guard language == .python || imported.contains(module) else { return nil }
        return ClientLibrary.library(module, in: language)
    }

    mutating func noteImport(of module: String) {
        if ClientLibrary.library(module, in: language) != nil { imported.insert(module) }
    }

    /// Notes what a local name stands for. A name that now means another library's type is no client any more.
    mutating func bind(_ local: String, to full: [String]) {
        full.first.map { noteImport(of: $0) }
        bindings[local] = full.first.flatMap(library).map { _ in full }
    }

    /// All names of a module, without its own before them.
    mutating func bindAll(of module: [String]) {
        module.first.map { noteImport(of: $0) }
        guard let library = module.first.flatMap(library) else { return }
        for name in library.types + library.makers + library.settings + library.senders + library.interfaces
        where name != "default" && name != "init" {
            bind(name, to: module + [name])
        }
    }

    /// The full name of a chain, its beginning replaced by what that stands for: `R` or `self.type`.
    func resolved(_ names: [String]) -> [String] {
        let lengths = (1...2).reversed().filter { $0 <= names.count }
        guard let length = lengths.first(where: { bindings[names.prefix($0).joined(separator: ".")] != nil }),
            let full = bindings[names.prefix(length).joined(separator: ".")]
        else { return names }
        // `Valkey.ValkeyClient`, and a type that has its module's name.
        if language == .swift, full.count > 1, names.count > 1, bindings[names[1]]?.first == full[0] {
            return resolved(Array(names.dropFirst()))
        }
        return full + names.dropFirst(length)
    }

    /// The library of a full name whose call makes a client.
    func library(making full: [String]) -> ClientLibrary? {
        guard let first = full.first else { return nil }
        guard let library = library(first) else {
            // A module of redis-py under a name that this file has from elsewhere.
            guard language == .python, full.count > 1, RedisWords.isClientName(first) else { return nil }
            let library = self.library("redis")
            return full.suffix(2).contains { library?.types.contains($0) == true } ? library : nil
        }
        return makes(full, library) ? library : nil
    }

    private func makes(_ full: [String], _ library: ClientLibrary) -> Bool {
        let last = full[full.count - 1]
        // `require('ioredis')` is its default export.
        if full.count == 1 { return language == .script && library.types.contains("default") }
        if library.types.contains(last) { return true }
        let owner = full[full.count - 2]
        return library.makers.contains(last)
            && (library.types.contains(owner) || owner.first?.isUppercase != true || full.count == 2)
    }

    /// True for the name of a type whose values are clients.
    func isType(_ full: [String]) -> Bool {
        guard let last = full.last, full.count > 1 else { return false }
        if let library = full.first.flatMap(library), library.interfaces.contains(last) { return true }
        return library(making: full)?.types.contains(last) == true
    }

    // MARK: Names

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
                // A command that is given to a client's pipeline is given to the client.
                guard Self.sameClient.contains(callee), list.isSymbol(open - 2, ".")
                else {
                    let names = chain(endingAt: open - 1).names
                    return library(making: resolved(names)) != nil || RedisWords.isClientName(callee)
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
        } else if list[next].map({ $0.startsLine || Self.endsValue.contains($0.text) }) ?? true {
            let full = resolved(source)
            if full != source || bindings[source[0]] != nil { bind(name, to: full) }
        }
    }

    /// What may stand behind a value that is a name: another one, or the end of a parameter.
    private static let endsValue: Set<String> = ["if", "or", "||", "??", ",", ")"]

    /// Methods of a client whose result sends commands to the same server.
    private static let sameClient: Set<String> = ["pipeline", "multi", "client", "transaction", "duplicate"]

    private static let keywords: Set<String> = [
        "await", "return", "in", "if", "while", "and", "or", "not", "yield", "lambda", "try", "print", "assert",
    ]

    private static func isPrefix(_ word: String) -> Bool { ["await", "try", "async", "new"].contains(word) }
}
