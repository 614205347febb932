import Bulkhead
import BulkheadModules
import BulkheadTestServer

/// The calls of `Tests/CommandCalls`, as the generator has written them: each is made in both protocols.
struct CommandCalls {
    /// Calls in their order, in a database that is empty before them.
    struct Scene {
        var setup: [String]
        /// Which servers know its commands.
        let condition: Condition
        var calls: [Call] = []

        /// Empties the database and runs the commands that stand before the calls.
        func prepare(_ database: RedisDatabase) async throws {
            try await database.flushdb()
            for line in setup where !line.isEmpty {
                let words = line.split(separator: " ").map(String.init)
                try await database.send(words[0], Array(words.dropFirst()))
            }
        }
    }

    struct Call: Sendable {
        /// The words that must be sent, with one space between them.
        let sends: String
        /// The value that must come, as `shown` writes it; `_` if any will do, `~text` if that must be in it.
        let gives: String
        /// `path:line`
        let place: String
        let encoded: EncodedCommand
        /// Makes the call and shows what came.
        let make: @Sendable (RedisDatabase) async throws -> String
        /// Shows what the call makes of a reply.
        let decode: @Sendable (RESPValue) throws -> String
        /// The documented replies, by RESP2 and RESP3: their bytes, with a space for each end of a line. Nil where a
        /// server answers.
        let replies: (second: String, third: String)?
    }

    /// A library of one function that only reads.
    static let library = """
        #!lua name=lib
        redis.register_function{function_name='one', callback=function() return 1 end, flags={'no-writes'}}
        """

    /// For the calls of Geo.
    static let sicily = RedisCoordinate(longitude: 15, latitude: 37)
    static let triangle = [
        RedisCoordinate(longitude: 12, latitude: 37), sicily, RedisCoordinate(longitude: 13, latitude: 40),
    ]
    static let box = RedisGeoShape.box(width: 400, height: 400, .kilometers)
    static let far = RedisGeoShape.circle(radius: 999_999, .meters)

    /// For the calls of TimeSeries.
    static let seriesSettings = RedisSeriesSettings(
        retention: .seconds(9), chunkSize: 128, duplicates: .last, ignoring: (time: .milliseconds(5), value: 0.5))
    static let buckets = RedisSeriesQuery(
        count: 2, aggregation: RedisSeriesAggregation(.average, every: .seconds(2)), alignment: .earliest,
        bucketTime: .middle, includingEmptyBuckets: true)
    static let few = RedisSeriesQuery(includingLatest: true, times: [1000, 2000], values: 2...9)
    static let sums = RedisSeriesAggregation(.sum, every: .seconds(1))
    static let grouping = RedisSeriesGrouping(by: "a", reducing: .maximum)

    /// For the calls of Search.
    static let scope: RedisIndexScope = {
        var scope = RedisIndexScope.hashes()
        scope.filter = "@n > 1"
        scope.language = "german"
        scope.stopWords = []
        scope.lifetime = .seconds(99)
        return scope
    }()
    static let later: RedisIndexScope = {
        var scope = RedisIndexScope.hashes("f")
        scope.skipsOldDocuments = true
        return scope
    }()
    static let graph = RedisSearchField.vector("v", .graph(dimensions: 2, metric: "L2", links: 8))
    static let byNumber = RedisSearch(fields: ["n"], order: ("n", .descending), limit: 1)
    static let parameters = RedisQueryOptions(dialect: 2, timeout: .seconds(5), verbatim: true).with("a", 7)
    static let groups = RedisAggregateStep.group(by: ["@g"], .count(as: "c"))
    static let steps: [RedisAggregateStep] = [
        .load("@n"), .apply("@n*2", as: "m"), .filter("@m>10"), .limit(5),
    ]

    private(set) var scenes: [Scene] = []
    private var condition = Condition("all")

    mutating func on(_ text: String) { condition = Condition(text) }

    mutating func setup(_ commands: [String]) { scenes.append(Scene(setup: commands, condition: condition)) }

    mutating func call<Reply>(
        _ command: RedisCommand<Reply>, sends: String, gives: String, at place: String,
        resp: String? = nil, resp2: String? = nil, resp3: String? = nil
    ) {
        var replies: (second: String, third: String)?
        if let second = resp2 ?? resp, let third = resp3 ?? resp { replies = (second, third) }
        scenes[scenes.count - 1].calls.append(
            Call(
                sends: sends, gives: gives, place: place, encoded: command.encoded,
                make: { database in
                    guard case .conversation = command.encoded.route else {
                        return shown(try await database.run(command))
                    }
                    return try await database.withConnection { shown(try await $0.run(command)) }
                },
                decode: { reply in shown(try command.decode(reply)) }, replies: replies))
    }

    mutating func call<Reply>(
        server command: RedisServerCommand<Reply>, sends: String, gives: String, at place: String,
        resp: String? = nil, resp2: String? = nil, resp3: String? = nil
    ) {
        call(command.command, sends: sends, gives: gives, at: place, resp: resp, resp2: resp2, resp3: resp3)
    }

    /// `all`, `7.0` for that Redis and every Valkey, `redis 7.4`, `valkey 9.0`, or both of the last; with `cluster`
    /// in front for a server that is a cluster of its own. `none` holds for no server: only the words are compared.
    /// `modules` is a server with the modules of Redis Stack.
    struct Condition {
        private let words: [Substring]
        init(_ text: String) { words = text.split(separator: " ") }

        /// On a server with the modules of Redis Stack.
        var isOfModules: Bool { words.first == "modules" }

        var isOfCluster: Bool { words.first == "cluster" }

        func holds(for server: RedisTestServer) -> Bool {
            let words = isOfCluster ? Array(words.dropFirst()) : words
            guard let first = words.first, first != "all" else { return true }
            if first == "none" || first == "modules" { return false }
            if words.count == 1 {
                return server.flavour == .valkey || reaches(first, server.version)
            }
            let name = server.flavour == .valkey ? "valkey" : "redis"
            guard let place = words.firstIndex(of: name[...]), place + 1 < words.count else { return false }
            return reaches(words[place + 1], server.version)
        }

        private func reaches(_ wanted: Substring, _ version: String) -> Bool {
            !version.split(separator: ".").map { Int($0) ?? 0 }
                .lexicographicallyPrecedes(wanted.split(separator: ".").map { Int($0) ?? 0 })
        }
    }
}

/// The words of an encoded command with one space between them; an empty one as `""`.
func shownWords(_ command: EncodedCommand) -> String {
    var decoder = RESPDecoder()
    decoder.feed(command.bytes)
    guard case .array(let words)? = try? decoder.next() else { return "not one command" }
    return words.map { word in
        let text = word.bytes?.description ?? "?"
        return text.isEmpty ? "\"\"" : text
    }.joined(separator: " ")
}

/// A decoded value in one line, the same for both protocols: `[a, b]`, `{k: v}`, `(a, 1.0)`, `nil`, `ok`.
func shown(_ value: Any) -> String {
    switch value {
    case is Void: return "ok"
    case let text as String: return text
    case let bytes as RESPBytes: return bytes.description
    case let value as RESPValue: return value.description
    case let value as any OptionalValue: return value.wrapped.map(shown) ?? "nil"
    case let range as ClosedRange<Int>: return "\(range)"
    case is Int, is Int64, is Double, is Float, is Bool, is Duration: return "\(value)"
    default: break
    }
    let mirror = Mirror(reflecting: value)
    let parts = mirror.children.map { shown($0.value) }
    switch mirror.displayStyle {
    case .collection: return "[\(parts.joined(separator: ", "))]"
    case .set: return "[\(parts.sorted().joined(separator: ", "))]"
    case .dictionary:
        let pairs = mirror.children.map { pair in
            Mirror(reflecting: pair.value).children.map { shown($0.value) }.joined(separator: ": ")
        }
        return "{\(pairs.sorted().joined(separator: ", "))}"
    case .enum where parts.isEmpty: return "\(value)"
    case .enum: return "\(mirror.children.first?.label ?? "") \(parts.joined(separator: ", "))"
    default: return parts.count == 1 ? parts[0] : "(\(parts.joined(separator: ", ")))"
    }
}

protocol OptionalValue {
    var wrapped: Any? { get }
}

extension Optional: OptionalValue {
    var wrapped: Any? { self }
}
