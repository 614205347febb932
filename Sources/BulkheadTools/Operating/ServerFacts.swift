package import Bulkhead
import BulkheadConsole

/// What a server says of itself: its INFO, its configuration, its modules. What it does not let this user ask is nil,
/// and a field of INFO that is not there.
package struct ServerFacts: Sendable {
    /// One database with keys, as INFO keyspace has it.
    package struct Keyspace: Sendable, Hashable {
        package var keys: Int
        package var expiring: Int

        package init(keys: Int, expiring: Int) {
            self.keys = keys
            self.expiring = expiring
        }
    }

    /// The fields of INFO, by name; none where it is refused.
    package var info: [String: String] = [:]
    /// Why there is no INFO, as the end of a sentence: `INFO is denied to bob`. Nil if it was answered.
    package var infoLack: String?
    /// The fields of HELLO, which is asked where INFO is refused.
    package var greeting: [String: String] = [:]
    /// Nil if the server is no node of a cluster, as far as it says.
    package var cluster: ClusterFacts?
    /// What each primary says, where the name lives in a cluster and not on a node of one; else empty. All other facts
    /// are those of the first, but for the counts of keys, which are of all.
    package var primaries: [(part: RedisDatabase, info: [String: String])] = []
    /// The name itself, where it lives in a cluster: it knows which primaries there are later on.
    package var whole: RedisDatabase?
    /// The settings of `questions`; those the server does not know are missing. Nil if CONFIG GET is denied.
    package var settings: [String: String]?
    package var keyspace: [Int: Keyspace] = [:]
    /// Names of loaded modules, in lower case; nil if MODULE LIST is denied.
    package var modules: [String]?
    /// Indexes of a search module; empty without one, nil where the server does not let us know.
    package var searchIndexes: [String]?

    /// Why the rest is not known, by the command that was refused: `CONFIG GET`, `MODULE LIST`.
    package var refusals: [String: RedisError] = [:]
    /// Numbers that SELECT says the server does not have; asked for where CONFIG does not say how many there are.
    package var numbersBeyond: Set<Int> = []

    /// Where the server listens, as messages call it; empty if nobody was asked.
    package var address = ""

    package init() {}

    package var isValkey: Bool { info["valkey_version"] != nil || greeting["server"] == "valkey" }
    /// The version as the server numbers it: "7.0.15"; empty if it does not say.
    package var version: String { info["valkey_version"] ?? info["redis_version"] ?? greeting["version"] ?? "" }
    /// "Redis 7.0.15" or "Valkey 8.1.8".
    package var name: String {
        version.isEmpty ? "a server of unknown version" : (isValkey ? "Valkey " : "Redis ") + version
    }
    /// `standalone`, `cluster` or `sentinel`.
    package var mode: String {
        info["server_mode"] ?? info["redis_mode"] ?? greeting["mode"] ?? (cluster == nil ? "standalone" : "cluster")
    }
    package var isReplica: Bool { info["role"] == "slave" || greeting["role"] == "replica" }
    /// Host and port of its primary, if it is a replica and says so.
    package var primary: String? {
        guard isReplica, let host = info["master_host"], !host.isEmpty, let port = info["master_port"]
        else { return nil }
        return "\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }
    /// True of a replica that has no link to its primary: what was written there since is not known here.
    var hasNoLink: Bool { isReplica && info["master_link_status"] == "down" }
    /// For how long; nil where the server does not say. One that never had a link says -1, or counts from 1970 on.
    var secondsWithoutLink: Int? {
        guard hasNoLink, let seconds = number("master_link_down_since_seconds") else { return nil }
        return (0..<1_000_000_000).contains(seconds) ? seconds : nil
    }
    /// What is said behind the server's name of one that may have old data: `is a replica, and …`. Nil of any other.
    var lag: String? {
        guard hasNoLink else { return nil }
        let time = secondsWithoutLink.map { " for \($0) s" } ?? ""
        return "is a replica, and has had no link to its primary\(time)"
    }
    /// False if it is not known which numbers have keys.
    package var knowsKeyspace: Bool { !info.isEmpty }

    /// Keys of all databases, which is what a snapshot holds.
    var allKeys: Int { keyspace.values.reduce(0) { $0 + $1.keys } }

    /// A field of INFO as a number.
    package func number(_ field: String) -> Int? { Self.number(info[field]) }

    /// How many databases there are; nil if that cannot be asked.
    package var databaseCount: Int? {
        let setting = mode == "cluster" ? "cluster-databases" : "databases"
        if mode == "cluster", let settings, settings[setting] == nil { return 1 }
        return Self.number(settings?[setting])
    }

    /// True if the server is known not to have a database of that number.
    func lacks(_ number: Int) -> Bool {
        databaseCount.map { number >= $0 } ?? numbersBeyond.contains(number)
    }

    /// True while it reads its data, and answers only a few commands.
    var isLoading: Bool { info["loading"] == "1" }

    /// True if `maxmemory-policy` may remove keys that never expire; nil if that cannot be asked.
    package var evictsAnyKey: Bool? {
        evictionPolicy.map { $0.hasPrefix("allkeys-") }
    }

    /// Bytes of `maxmemory`, 0 for none; nil if that cannot be asked.
    var memoryLimit: Int? { number("maxmemory") ?? Self.number(settings?["maxmemory"]) }

    /// Nil if that cannot be asked.
    var hasAppendOnlyFile: Bool? {
        number("aof_enabled").map { $0 == 1 } ?? settings?["appendonly"].map { $0 == "yes" }
    }

    /// INFO has it too, so it is known without CONFIG.
    package var evictionPolicy: String? { info["maxmemory_policy"] ?? settings?["maxmemory-policy"] }

    /// A password is never kept: its setting says `(set)` or is empty.
    private static let questions = [
        "databases", "cluster-databases", "maxmemory", "maxmemory-policy", "save", "appendonly", "appendfsync",
        "protected-mode", "bind", "requirepass", "proto-max-bulk-len", "client-query-buffer-limit", "tls-port",
        "min-replicas-to-write",
    ]
}

extension ServerFacts {
    /// Asks the server of `database`; a handful of short commands in two round trips.
    ///
    /// Throws only what ends all: no connection, no login. A command that is denied, or that the server's
    /// configuration has given another name, is none of that.
    ///
    /// - Parameter waits: waits, and says so, while the server loads its data, and throws if it is asked to stop
    ///   meanwhile. Else modules and indexes are not known then.
    package init(of database: RedisDatabase, waitingToLoad waits: Bool = true) async throws(RedisError) {
        guard database.isInCluster else {
            try await self.init(ofServer: database, waits)
            return
        }
        let parts = try await database.parts()
        guard let first = parts.first else { throw .strangeReply }
        try await self.init(ofServer: first, waits)
        whole = database
        primaries = [(first, info)]
        for part in parts.dropFirst() {
            let text = knowsKeyspace ? try await part.run(.info([])).text : ""
            let info = Self.fields(of: text)
            primaries.append((part, info))
            for (number, space) in Self.keyspace(of: info) {
                keyspace[number, default: Keyspace(keys: 0, expiring: 0)].keys += space.keys
                keyspace[number]?.expiring += space.expiring
            }
        }
        // What is said of a server's memory is said of all.
        for field in ["used_memory", "used_memory_dataset", "maxmemory"] {
            let numbers = primaries.compactMap { Self.number($0.info[field]) }
            // A limit of 0 is none.
            let isUnlimited = field == "maxmemory" && numbers.contains(0)
            if numbers.count == primaries.count { info[field] = "\(isUnlimited ? 0 : numbers.reduce(0, +))" }
        }
    }

    /// Within bounds that leave room for sums: a server may say any number.
    fileprivate static func number(_ text: String?) -> Int? {
        text.flatMap { Int($0) }.map { min(max($0, -TargetReading.most), TargetReading.most) }
    }

    private static func keyspace(of info: [String: String]) -> [Int: Keyspace] {
        var keyspace: [Int: Keyspace] = [:]
        for (field, value) in info {
            guard field.hasPrefix("db"), let number = Int(field.dropFirst(2)) else { continue }
            keyspace[number] = Keyspace(value)
        }
        return keyspace
    }

    private init(ofServer database: RedisDatabase, _ waits: Bool) async throws(RedisError) {
        self.init()
        address = database.address
        do throws(RedisError) {
            info = Self.fields(of: try await database.run(.info([])).text)
            if waits { try await waitUntilLoaded(database) }
            keyspace = Self.keyspace(of: info)
        } catch {
            guard error.isOfOneCommand else { throw error }
            refusals["INFO"] = error
            await greet(database, insteadOf: error)
        }
        if isCluster || !knowsKeyspace && greeting["mode"] == nil { cluster = await ClusterFacts(of: database) }
        let answers = try await database.pipeline(
            Self.questions.map { .raw("CONFIG", ["GET", $0], as: [String: String].self) })
        if answers.contains(where: { (try? $0.get()) != nil }) {
            var found: [String: String] = [:]
            for case .success(let pairs) in answers { found.merge(pairs) { first, _ in first } }
            if let password = found["requirepass"], !password.isEmpty { found["requirepass"] = "(set)" }
            settings = found
        } else if case .failure(let error)? = answers.first {
            refusals["CONFIG GET"] = error
        }
        // A server that loads its data keeps who asks this waiting.
        if isLoading { return }
        do throws(RedisError) {
            modules = try await database.send("MODULE", "LIST").moduleNames
        } catch {
            refusals["MODULE LIST"] = error
        }
        do throws(RedisError) {
            switch try await database.searchIndexes() {
            case .none: searchIndexes = []
            case .named(let names): searchIndexes = names
            case .hidden:
                refusals["FT._LIST"] = RedisError(code: .noPermission, message: "it is denied", stage: .answered)
            }
        } catch {
            refusals["FT._LIST"] = error
        }
    }
}

extension ServerFacts {
    /// Takes from HELLO what INFO would have said: nobody is denied that.
    private mutating func greet(_ database: RedisDatabase, insteadOf refusal: RedisError) async {
        let user = try? await database.send("ACL", "WHOAMI", as: String.self)
        infoLack =
            refusal.code == .noPermission
            ? "INFO is denied to \(user ?? "this user")" : "the server has no command INFO by that name"
        // Without arguments it changes nothing.
        guard let fields = try? await database.run(.reaching("HELLO", [], as: [String: RESPValue].self)) else { return }
        for (field, value) in fields { greeting[field] = try? String(redis: value) }
    }

    /// Asks until the data is loaded: any other command would be tried again in silence.
    private mutating func waitUntilLoaded(_ database: RedisDatabase) async throws(RedisError) {
        var isSaid = false
        let process = info["run_id"]
        while isLoading {
            // One that is ended at each load would keep a nightly job for ever.
            guard info["run_id"] == process else {
                throw RedisError(
                    code: .commandRefused, message: "\(address) was restarted while it loaded its data: see its log",
                    stage: .refused)
            }
            let left = number("loading_eta_seconds").map { ", for about \(Units.counted($0, "more second"))" } ?? ""
            guard !Interruption.isRequested else {
                throw RedisError(
                    code: .commandRefused, message: "\(address) is loading its data\(left): try again when it is done",
                    stage: .refused)
            }
            if !isSaid { Notices.say("\(address) is loading its data\(left): waiting.") }
            isSaid = true
            try? await Task.sleep(for: .milliseconds(200))
            info = Self.fields(of: try await database.run(.info([])).text)
        }
    }

    /// Finds out which of these numbers the server does not have, where CONFIG does not say how many it has: SELECT
    /// refuses them. Without that they would look empty.
    mutating func askForNumbers(of entries: [DatabaseEntry], by door: (DatabaseEntry) -> RedisDatabase?) async {
        if databaseCount != nil || isLoading { return }
        // What is below a number that is there is there, too.
        let known = keyspace.keys.max() ?? 0
        for entry in entries.sorted(by: { $0.number > $1.number }) where entry.number > known {
            guard let database = door(entry) else { continue }
            do throws(RedisError) {
                _ = try await database.dbsize()
                return
            } catch {
                guard error.code == .databaseOutOfRange || error.code == .databaseDenied else { return }
                if error.code == .databaseOutOfRange { numbersBeyond.insert(entry.number) }
            }
        }
    }

    /// The fields of a text of INFO.
    static func fields(of text: String) -> [String: String] {
        var fields: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[String(line[..<colon])] = String(line[line.index(after: colon)...])
        }
        return fields
    }
}

extension ServerFacts.Keyspace {
    /// Reads `keys=12,expires=3,avg_ttl=0`.
    init(_ text: String) {
        var fields: [Substring: Int] = [:]
        for part in text.split(separator: ",") {
            let pair = part.split(separator: "=")
            if pair.count == 2 { fields[pair[0]] = ServerFacts.number(String(pair[1])) }
        }
        self.init(keys: fields["keys"] ?? 0, expiring: fields["expires"] ?? 0)
    }
}

extension RESPValue {
    /// The names in MODULE LIST's reply: maps in RESP3, flat lists of pairs in RESP2.
    fileprivate var moduleNames: [String] {
        (elements ?? []).compactMap { module in
            guard let fields = try? [String: RESPValue](redis: module), let name = fields["name"] else { return nil }
            return (try? String(redis: name))?.lowercased()
        }
    }
}
