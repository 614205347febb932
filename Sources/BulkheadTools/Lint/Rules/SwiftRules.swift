/// What bypasses names in Swift: clients of other packages, where those are imported, and the commands told to them.
struct SwiftRules {
    private var reader: CodeReader
    private var imports: Set<String> = []
    private var list: TokenList { reader.list }

    static func look(at bytes: [UInt8]) -> (sightings: [Sighting], comments: [SourceComment]) {
        var rules = SwiftRules(reader: CodeReader(bytes, SwiftTokens.read(bytes)))
        for index in rules.list.indices { rules.read(at: index) }
        return (rules.reader.sightings, rules.list.comments)
    }

    private init(reader: CodeReader) {
        self.reader = reader
    }

    // MARK: Packages

    /// Types that are clients, by the modules that have them.
    private static let types: [(modules: Set<String>, types: Set<String>)] = [
        (["Valkey"], ["ValkeyClient", "ValkeyClusterClient", "ValkeyConnection", "ValkeySentinelClient"]),
        (["RediStack", "Redis", "NIORedis"], ["RedisConnection", "RedisConnectionPool", "RedisClient", "RedisDriver"]),
        (["SwiftRedis", "PerfectRedis", "SwiftyRedis", "RedisClient"], ["Redis", "RedisClient"]),
    ]

    /// Functions of C libraries that open connections.
    private static let cModules: Set<String> = [
        "hiredis", "Hiredis", "CHiredis", "Chiredis", "libvalkey", "CValkey", "CRedis",
    ]
    private static let cFunctions: Set<String> = [
        "redisConnect", "redisConnectWithTimeout", "redisConnectWithOptions", "redisConnectUnix",
        "redisConnectUnixWithTimeout", "redisConnectNonBlock", "redisAsyncConnect", "redisAsyncConnectUnix",
        "redisAsyncConnectWithOptions", "valkeyConnect", "valkeyConnectWithTimeout", "valkeyConnectWithOptions",
        "valkeyConnectUnix", "valkeyAsyncConnect", "valkeyClusterConnect",
    ]

    /// Members of those types that make one.
    private static let functions: Set<String> = [
        "init", "connect", "make", "create", "createClient", "getClient", "withConnection",
    ]

    private static let commandMethods: Set<String> = [
        "send", "execute", "raw", "command", "issueCommand", "redisCommand", "redisAsyncCommand", "redisAppendCommand",
        "valkeyCommand", "valkeyAsyncCommand",
    ]

    /// Types that are clients in this file.
    private var clientTypes: Set<String> = []
    private var importsC = false

    /// True if a client of another package can be in this file.
    private var importsClients: Bool { importsC || !clientTypes.isEmpty }

    // MARK: Reading

    private mutating func read(at index: Int) {
        guard let token = list[index] else { return }
        switch token.kind {
        case .string:
            reader.readText(token.text, at: index)
            reader.readProgram(token.text, at: index)
        case .word where token.text == "import": readImport(at: index)
        case .word where list.beginsChain(index): readChain(at: index)
        case .symbol where token.text == ".": readMethod(at: index)
        default: break
        }
    }

    /// `import Valkey`, `import struct Valkey.ValkeyClient`
    private mutating func readImport(at index: Int) {
        let kinds = ["struct", "class", "enum", "protocol", "func", "let", "var", "typealias", "actor"]
        let first = list.word(index + 1).map { kinds.contains($0) } == true ? index + 2 : index + 1
        guard let module = list.word(first) else { return }
        imports.insert(module)
        if Self.cModules.contains(module) { importsC = true }
        for package in Self.types where package.modules.contains(module) { clientTypes.formUnion(package.types) }
    }

    private mutating func readChain(at index: Int) {
        guard let (names, next) = list.chain(at: index), importsClients || imports.contains("Bulkhead") else { return }
        if names == ["typealias"] { return noteAlias(at: index) }
        let isCall = list.opensCall(next)
        // `Valkey.ValkeyClient` is ValkeyClient.
        let local = names.count > 1 && imports.contains(names[0]) ? Array(names.dropFirst()) : names
        let full = reader.facts.resolved(local)
        if let type = full.first, clientTypes.contains(type) {
            readClientType(full, as: names, at: index, next: next)
        } else if importsC, isCall, Self.cFunctions.contains(names[0]) {
            reader.report(.rawClient, at: index, "\(names[0])(…) opens a connection of its own")
            reader.facts.noteClient(valueAt: index)
        } else if importsC, isCall, Self.commandMethods.contains(names[0]) {
            readHiredisCommand(at: index, open: next)
        } else if list.isSymbol(next, "="), list[index]?.startsLine == true || isDeclared(at: index) {
            reader.facts.noteAssignment(to: names, valueAt: next + 1)
        }
        if isCall { readNumber(of: names, ofCallAt: next) }
        if names.count == 1, isCall, imports.contains("Valkey"), names[0] == names[0].uppercased(),
            let verdict = RedisWords.verdict(on: [names[0]])
        {
            reader.report(verdict.rule, at: index, "\(verdict.command)(…) is a command to send")
        }
    }

    private func isDeclared(at index: Int) -> Bool {
        list.isWord(index - 1, "let") || list.isWord(index - 1, "var")
    }

    /// `typealias Client = ValkeyClient`
    private mutating func noteAlias(at index: Int) {
        guard let name = list.word(index + 1), list.isSymbol(index + 2, "="), let type = list.chain(at: index + 3)
        else { return }
        let local = type.names.count > 1 && imports.contains(type.names[0]) ? Array(type.names.dropFirst()) : type.names
        if let first = local.first, clientTypes.contains(first) { reader.facts.makers[name] = first }
    }

    /// A type that is a client: called, asked for one, or written behind a name.
    private mutating func readClientType(_ full: [String], as names: [String], at index: Int, next: Int) {
        let last = full[full.count - 1]
        let opensBlock = list.isSymbol(next, "{") && full.count == 2
        if list.opensCall(next) || opensBlock, full.count == 1 || full.count == 2 && Self.functions.contains(last) {
            reader.report(.rawClient, at: index, "\(names.joined(separator: "."))(…) makes a client of its own")
            reader.facts.noteClient(valueAt: index)
            return
        }
        guard full.count == 1, list.isSymbol(index - 1, ":") || list.isSymbol(index - 2, ":") else { return }
        let colon = list.isSymbol(index - 1, ":") ? index - 1 : index - 2
        if let name = list.word(colon - 1) { reader.facts.clients.insert(name) }
        // `let client: ValkeyClient = .init(…)`
        var value = next
        while list.isSymbol(value, "?") || list.isSymbol(value, "!") { value += 1 }
        guard list.isSymbol(value, "=") else { return }
        value += 1
        while ["try", "await", "?", "!"].contains(list[value]?.text) { value += 1 }
        if list.isSymbol(value, "."), let maker = list.word(value + 1), Self.functions.contains(maker),
            list.isSymbol(value + 2, "(")
        {
            reader.report(.rawClient, at: value, "\(full[0]).\(maker)(…) makes a client of its own")
        }
    }

    /// `databaseNumber: 3`, `initialDatabase: 3`, and `database: 3` where the callee is a client's.
    private mutating func readNumber(of names: [String], ofCallAt open: Int) {
        guard importsClients else { return }
        let isRedis = names.contains { $0.contains("Redis") || $0.contains("Valkey") }
        for argument in list.arguments(ofBracketAt: open) {
            guard let label = argument.label, let value = list[argument.value.lowerBound] else { continue }
            let isNumber = ["databaseNumber", "initialDatabase"].contains(label)
                || isRedis && ["database", "db", "databaseIndex"].contains(label) && value.kind == .number
            guard isNumber, value.text != "nil" else { continue }
            reader.report(
                .databaseNumber, at: argument.value.lowerBound - 2,
                value.kind == .number ? "\(label): \(value.text) chooses a database by number"
                    : "\(label): … chooses a database by number")
        }
    }

    private mutating func readMethod(at dot: Int) {
        guard let name = list.word(dot + 1) else { return }
        let open = dot + 2
        if name == "withConnection" { noteConnection(at: dot) }
        guard list.isSymbol(open, "(") else { return }
        // `.init(…, initialDatabase: 3)`
        if name == "init", list.word(dot - 1) == nil { readNumber(of: [name], ofCallAt: open) }
        switch name {
        case "flushall", "flushdb", "swapdb":
            // A named database has these too, and its catalogue says whether they may run.
            guard importsClients else { return }
            reader.readMethod(name, at: dot + 1)
        case "select", "move", "keys":
            guard importsClients, reader.facts.isClient(endingAt: dot - 1) else { return }
            reader.readMethod(name, at: dot + 1)
        case _ where Self.commandMethods.contains(name):
            guard importsClients || imports.contains("Bulkhead") else { return }
            reader.readCommand(at: dot + 1, open: open)
        default: break
        }
    }

    /// `client.withConnection { connection in`
    private mutating func noteConnection(at dot: Int) {
        var open = dot + 2
        if list.isSymbol(open, "("), let close = list[open]?.partner { open = close + 1 }
        guard importsClients, list.isSymbol(open, "{") else { return }
        let first = list.isSymbol(open + 1, "(") ? open + 2 : open + 1
        if let name = list.word(first) { reader.facts.clients.insert(name) }
    }

    /// `redisCommand(context, "SELECT 3")`
    private mutating func readHiredisCommand(at index: Int, open: Int) {
        let words = Array(reader.words(ofCallAt: open).dropFirst())
        guard let verdict = RedisWords.verdict(on: words) else { return }
        reader.report(verdict.rule, at: index, "\(verdict.command) is sent")
    }
}
