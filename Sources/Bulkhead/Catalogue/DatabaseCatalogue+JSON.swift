#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension DatabaseCatalogue {
    /// Reads a catalogue from one JSON file; nothing is searched, merged or filled in.
    ///
    /// ```json
    /// {"databases": [
    ///     {"name": "main", "number": 0, "may_be_flushed": true, "key_patterns": ["session:*"]},
    ///     {"name": "cache", "number": 0, "may_be_flushed": true, "alias_of": "main"},
    ///     {"name": "knowledge", "number": 1, "purpose": "Vectors", "url": "redis://vectors.internal:6379"},
    ///     {"name": "prompts", "number": 0, "sentinels": ["a.internal:26379", "b.internal:26379", "c.internal:26379"],
    ///         "primary": "mymaster"},
    ///     {"name": "events", "number": 0, "cluster": ["a.internal:6379", "b.internal:6379"]},
    ///     {"name": "articles", "number": 0, "url": "redis://articles.internal", "reads": "replica-preferred"},
    ///     {"name": "orders", "number": 0, "url": "redis://west.internal", "copies": ["redis://east.internal"]},
    ///     {"name": "analytics", "number": 3, "budget": {
    ///         "max_leases": 2, "max_waiters": 16, "max_requests": 1000, "max_unwritten_bytes": 1048576,
    ///         "scan_pace": "considerate"}}
    /// ]}
    /// ```
    /// `url` is for a name that lives on another server, `sentinels` with `primary` for one that lives on whichever
    /// server those sentinels call the primary, and `cluster` for one that lives in a cluster, see ``DatabaseServer``;
    /// `reads`, `replicas` (URLs) and `max_staleness` (seconds) for reads from replicas, see ``RedisReads``; `copies`
    /// (URLs, or objects of `url` and `weight`) for other servers that hold its data, see ``RedisCopies``;
    /// `budget` for limits of its own, see ``DatabaseBudget``.
    /// Throws `invalid-catalogue` for a file that cannot be read, is not this JSON, holds an unknown member, or
    /// contradicts itself.
    public init(contentsOfFile path: String) throws(RedisError) {
        let path = ConfigurationText.withoutLineEnd(path)
        if let objection = ConfigurationText.objection(toPath: path) {
            throw RedisError(.invalidCatalogue, "the catalogue's file \(objection)")
        }
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            throw RedisError(.invalidCatalogue, "the catalogue \(path) cannot be read: does the file exist?")
        }
        do {
            try self.init(json: Array(data))
        } catch {
            throw RedisError(.invalidCatalogue, "the catalogue \(path): \(error.message)")
        }
    }

    /// The catalogue that this process's own environment names, as `init(environment:)` finds it.
    public static func fromEnvironment() throws(RedisError) -> DatabaseCatalogue {
        try DatabaseCatalogue(environment: ProcessInfo.processInfo.environment)
    }

    /// The file that `REDIS_CATALOGUE` names, else the standard catalogue; an empty variable counts as unset. The
    /// program `bulkhead` reads the same variable. Throws what `init(contentsOfFile:)` throws.
    public init(environment: [String: String]) throws(RedisError) {
        guard let path = environment.setting("REDIS_CATALOGUE") else {
            self = .standard
            return
        }
        try self.init(contentsOfFile: path)
    }

    /// Reads a catalogue from JSON text in UTF-8, as `init(contentsOfFile:)` does.
    public init(json: [UInt8]) throws(RedisError) {
        try Self.checkDepth(of: json)
        let file: File
        do {
            file = try JSONDecoder().decode(File.self, from: Data(json))
        } catch let error as DecodingError {
            throw RedisError(.invalidCatalogue, error.inWords)
        } catch {
            throw RedisError(.invalidCatalogue, "it is not JSON")
        }
        try self.init(file.databases.map(\.entry))
    }

    /// Every member that a file may have, those of its objects too.
    package static var fileMembers: [String] {
        func names<Key: CodingKey & CaseIterable>(_: Key.Type) -> [String] { Key.allCases.map(\.stringValue) }
        return names(File.CodingKeys.self) + names(Entry.CodingKeys.self) + names(Copy.CodingKeys.self)
            + names(Budget.CodingKeys.self)
    }

    /// A catalogue has four.
    private static var mostLevels: Int { 8 }

    private static func checkDepth(of json: [UInt8]) throws(RedisError) {
        // The parser would read UTF-16 and UTF-32 too, in which brackets are not found by their bytes.
        if json.contains(0) { throw RedisError(.invalidCatalogue, "it is not JSON in UTF-8") }
        if json.nestsJSONDeeper(than: mostLevels) {
            throw RedisError(.invalidCatalogue, "it is nested deeper than any catalogue: is it another file?")
        }
    }

    private struct File: Decodable {
        let databases: [Entry]

        enum CodingKeys: String, CodingKey, CaseIterable { case databases }

        init(from decoder: any Decoder) throws {
            databases = try decoder.object(of: CodingKeys.self).decode([Entry].self, forKey: .databases)
        }
    }

    private struct Entry: Decodable {
        let entry: DatabaseEntry

        enum CodingKeys: String, CodingKey, CaseIterable {
            case name, number, purpose, url, sentinels, primary, cluster, reads, replicas, copies, budget
            case maximumStaleness = "max_staleness"
            case keyPatterns = "key_patterns"
            case mayBeFlushed = "may_be_flushed"
            case aliasOf = "alias_of"
        }

        init(from decoder: any Decoder) throws {
            let values = try decoder.object(of: CodingKeys.self)
            entry = DatabaseEntry(
                DatabaseName(try values.decode(String.self, forKey: .name)),
                number: try values.decodeWhole(.number),
                purpose: try values.decodeIfPresent(String.self, forKey: .purpose) ?? "",
                keyPatterns: try values.decodeIfPresent([String].self, forKey: .keyPatterns) ?? [],
                mayBeFlushed: try values.decodeIfPresent(Bool.self, forKey: .mayBeFlushed) ?? false,
                aliasOf: try values.decodeIfPresent(String.self, forKey: .aliasOf).map { DatabaseName($0) },
                server: try Self.server(values), reads: try Self.reads(values),
                copies: try Self.copies(values),
                budget: try values.decodeIfPresent(Budget.self, forKey: .budget)?.budget ?? DatabaseBudget())
        }

        private static func servers(
            _ key: CodingKeys, _ values: KeyedDecodingContainer<CodingKeys>
        ) throws -> [DatabaseServer]? {
            guard let urls = try values.decodeIfPresent([String].self, forKey: key) else { return nil }
            do throws(RedisError) {
                var servers: [DatabaseServer] = []
                for url in urls { servers.append(try DatabaseServer(url: url)) }
                return servers
            } catch {
                throw DecodingError.dataCorruptedError(forKey: key, in: values, debugDescription: error.message)
            }
        }

        private static func copies(_ values: KeyedDecodingContainer<CodingKeys>) throws -> RedisCopies {
            var copies = RedisCopies()
            copies.all = try values.decodeIfPresent([Copy].self, forKey: .copies)?.map(\.copy) ?? []
            return copies
        }

        private static func reads(_ values: KeyedDecodingContainer<CodingKeys>) throws -> RedisReads {
            let replicas = try servers(.replicas, values)
            let seconds = try values.decodeIfPresent(Double.self, forKey: .maximumStaleness)
            let word = try values.decodeIfPresent(String.self, forKey: .reads) ?? RedisReads.Policy.primary.rawValue
            func refuse(_ key: CodingKeys, _ message: String) -> DecodingError {
                .dataCorruptedError(forKey: key, in: values, debugDescription: message)
            }
            guard let policy = RedisReads.Policy(rawValue: word) else {
                throw refuse(.reads, "expected primary, replica-preferred or same-zone")
            }
            guard policy != .primary else {
                guard replicas == nil, seconds == nil else {
                    let key = replicas == nil ? CodingKeys.maximumStaleness : .replicas
                    throw refuse(key, "it needs \"reads\": \"replica-preferred\" or \"same-zone\"")
                }
                return .primary
            }
            let limit = seconds ?? 15
            guard (0.1...86_400).contains(limit) else {
                throw refuse(.maximumStaleness, "expected seconds from 0.1 to 86400")
            }
            let staleness = Duration.milliseconds(Int64((limit * 1_000).rounded()))
            return policy == .sameZone
                ? .sameZone(replicas: replicas ?? [], staleness: staleness)
                : .replicaPreferred(replicas: replicas ?? [], staleness: staleness)
        }

        /// Its place, in one of the ways to write it; nil is the configuration's server.
        private static func server(_ values: KeyedDecodingContainer<CodingKeys>) throws -> DatabaseServer? {
            let url = try values.decodeIfPresent(String.self, forKey: .url)
            let sentinels = try values.decodeIfPresent([String].self, forKey: .sentinels)
            let primary = try values.decodeIfPresent(String.self, forKey: .primary)
            let cluster = try values.decodeIfPresent([String].self, forKey: .cluster)
            func refuse(_ key: CodingKeys, _ message: String) -> DecodingError {
                .dataCorruptedError(forKey: key, in: values, debugDescription: message)
            }
            let places = [url != nil, sentinels != nil || primary != nil, cluster != nil]
            guard places.count(where: \.self) <= 1 else {
                throw refuse(
                    url == nil ? .cluster : .url, "a name has one place: url, sentinels and primary, or cluster")
            }
            guard (sentinels == nil) == (primary == nil) else {
                throw refuse(sentinels == nil ? .primary : .sentinels, "sentinels and primary stand together")
            }
            do throws(RedisError) {
                if let url { return try DatabaseServer(url: url) }
                if let sentinels, let primary { return try DatabaseServer(sentinels: sentinels, primary: primary) }
                if let cluster { return try DatabaseServer(cluster: cluster) }
                return nil
            } catch {
                throw refuse(url != nil ? .url : sentinels != nil ? .sentinels : .cluster, error.message)
            }
        }
    }

    /// A URL, or an object with one and a weight.
    private struct Copy: Decodable {
        let copy: RedisCopy

        enum CodingKeys: String, CodingKey, CaseIterable { case url, weight }

        init(from decoder: any Decoder) throws {
            var (url, weight) = (try? decoder.singleValueContainer().decode(String.self), 1.0)
            if url == nil {
                guard (try? decoder.container(keyedBy: CodingKeys.self)) != nil else {
                    let words = "expected a URL, or an object of url and weight"
                    throw DecodingError.dataCorrupted(
                        DecodingError.Context(codingPath: decoder.codingPath, debugDescription: words))
                }
                let values = try decoder.object(of: CodingKeys.self)
                url = try values.decode(String.self, forKey: .url)
                weight = try values.decodeIfPresent(Double.self, forKey: .weight) ?? 1
            }
            do throws(RedisError) {
                copy = RedisCopy(try DatabaseServer(url: url ?? ""), weight: weight)
            } catch {
                throw DecodingError.dataCorrupted(
                    DecodingError.Context(codingPath: decoder.codingPath, debugDescription: error.message))
            }
        }
    }

    private struct Budget: Decodable {
        let budget: DatabaseBudget

        enum CodingKeys: String, CodingKey, CaseIterable {
            case maximumLeases = "max_leases"
            case maximumWaiters = "max_waiters"
            case maximumRequests = "max_requests"
            case maximumUnwrittenBytes = "max_unwritten_bytes"
            case scanPace = "scan_pace"
        }

        init(from decoder: any Decoder) throws {
            let values = try decoder.object(of: CodingKeys.self)
            budget = DatabaseBudget(
                maximumLeases: try values.decodeWholeIfPresent(.maximumLeases),
                maximumWaiters: try values.decodeWholeIfPresent(.maximumWaiters),
                maximumRequests: try values.decodeWholeIfPresent(.maximumRequests),
                maximumUnwrittenBytes: try values.decodeWholeIfPresent(.maximumUnwrittenBytes),
                scanPace: try values.decodeIfPresent(String.self, forKey: .scanPace).map { text in
                    guard let pace = RedisPace(text) else {
                        throw DecodingError.dataCorruptedError(
                            forKey: .scanPace, in: values,
                            debugDescription: "expected full, considerate, gentle or microseconds such as 200us")
                    }
                    return pace
                })
        }
    }
}

extension KeyedDecodingContainer {
    /// Decoded as Int, 1.5 would be reported as broken JSON without a place.
    fileprivate func decodeWhole(_ key: Key) throws -> Int {
        guard let number = Int(exactly: try decode(Double.self, forKey: key)) else {
            throw DecodingError.dataCorruptedError(
                forKey: key, in: self, debugDescription: "expected a whole number")
        }
        return number
    }

    fileprivate func decodeWholeIfPresent(_ key: Key) throws -> Int? {
        try contains(key) && !decodeNil(forKey: key) ? decodeWhole(key) : nil
    }
}

/// Any member of an object, to find those that do not belong there.
private struct AnyMember: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

extension Decoder {
    /// An object of these members and no others: one that is misspelled would silently mean its default.
    fileprivate func object<Key: CodingKey & CaseIterable>(
        of keys: Key.Type
    ) throws -> KeyedDecodingContainer<Key> {
        let known = keys.allCases.map(\.stringValue)
        for member in try container(keyedBy: AnyMember.self).allKeys where !known.contains(member.stringValue) {
            let words = "unknown member \"\(member.stringValue)\"; known: \(known.joined(separator: ", "))"
            throw DecodingError.dataCorrupted(
                DecodingError.Context(codingPath: codingPath, debugDescription: words))
        }
        return try container(keyedBy: keys)
    }
}

extension DecodingError {
    /// What is wrong and where: `databases[1].number: expected Int`.
    fileprivate var inWords: String {
        func place(_ path: [any CodingKey]) -> String {
            path.reduce(into: "") { text, key in
                text += key.intValue.map { "[\($0)]" } ?? (text.isEmpty ? "" : ".") + key.stringValue
            }
        }
        return switch self {
        case .keyNotFound(let key, let context): "\(place(context.codingPath + [key])) is missing"
        case .typeMismatch(let type, let context): "\(place(context.codingPath)): expected \(type)"
        case .valueNotFound(let type, let context): "\(place(context.codingPath)): expected \(type), found null"
        case .dataCorrupted(let context):
            [place(context.codingPath), context.debugDescription].filter { !$0.isEmpty }.joined(separator: ": ")
        @unknown default: "it is not JSON of a catalogue"
        }
    }
}
