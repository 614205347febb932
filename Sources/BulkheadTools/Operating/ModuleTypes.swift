import Bulkhead
import BulkheadRESP

/// Which values of modules a server can take.
///
/// A list of modules does not answer this: Redis 8 names built-in types in it, and a module may have several types or
/// another name. So it is asked for a command that comes with the type.
struct ModuleTypes: Sendable {
    /// Types that the server lacks for certain.
    private let missing: Set<String>
    /// Modules whose types are not in the table; nil if that cannot be asked.
    private let strangers: [String]?

    /// By the name that a snapshot has for it.
    private static let commands: KeyValuePairs = [
        "ReJSON-RL": "JSON.SET", "MBbloom--": "BF.ADD", "bloomfltr": "BF.ADD", "MBbloomCF": "CF.ADD",
        "CMSk-TYPE": "CMS.INCRBY", "TopK-TYPE": "TOPK.ADD", "TDIS-TYPE": "TDIGEST.ADD", "TSDB-TYPE": "TS.ADD",
        "vectorset": "VADD", "graphdata": "GRAPH.QUERY", "ft_index0": "FT.CREATE", "trietype0": "FT.SUGADD",
    ]
    /// The modules these belong to, by the names that servers have for them; and one that has no type of its own.
    private static let known: Set = [
        "rejson", "json", "bf", "timeseries", "vectorset", "graph", "search", "ft", "searchlight", "lua",
    ]

    /// One round trip; nothing is missing for certain where the server does not let itself be asked.
    init(of database: RedisDatabase, _ facts: ServerFacts) async throws(RedisError) {
        let answers = try await database.pipeline(
            Self.commands.map { .raw("COMMAND", ["INFO", $0.value], as: RESPValue.self) })
        var missing: Set<String> = []
        for (type, answer) in zip(Self.commands.map(\.key), answers) {
            // Null in RESP3 and 7.0; an empty list in some versions of RESP2.
            guard case .success(let reply) = answer, let infos = reply.elements else { continue }
            if infos.allSatisfy({ $0 == .null || $0.elements?.isEmpty == true }) { missing.insert(type) }
        }
        self.missing = missing
        strangers = facts.modules.map { $0.filter { !Self.known.contains($0) } }
    }

    /// True if the server has no such type for certain.
    func lack(_ type: String) -> Bool {
        if Self.commands.contains(where: { $0.key == type }) { return missing.contains(type) }
        return strangers?.isEmpty == true
    }

    /// Types that this server may have and `other` has not.
    func beyond(_ other: ModuleTypes) -> [String] {
        Self.commands.map(\.key).filter { !missing.contains($0) && other.missing.contains($0) }
    }
}
