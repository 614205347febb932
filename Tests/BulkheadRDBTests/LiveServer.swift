import Bulkhead
import BulkheadRDB
import BulkheadTestServer
import BulkheadTestSupport

/// A real server to fill, ask and dump from.
struct LiveServer {
    let server: RedisTestServer
    private let database: BlockingRedisDatabase
    /// Whether it takes DEBUG, as the one under test does.
    let mayDebug: Bool

    /// A server of its own for the body; `program` is the one under test unless another is named.
    static func with(_ program: String? = nil, _ body: (LiveServer) throws -> Void) throws {
        let arguments = program == nil ? ServerUnderTest.debugArguments : []
        try RedisTestServer.withServer(.init(binary: program, arguments: arguments)) { server in
            var configuration = RedisConfiguration(unixSocket: server.socketPath)
            configuration.version = ServerUnderTest.version
            configuration.commandTimeout = .seconds(120)
            configuration.connectTimeout = .seconds(120)
            let databases = RedisDatabases(configuration)
            defer { databases.closeBlocking() }
            try body(LiveServer(server: server, database: databases.blocking(.main), mayDebug: program == nil))
        }
    }

    /// The reply; an error reply is thrown.
    @discardableResult
    func call(_ name: String, _ arguments: any RedisArgument...) throws -> RESPValue {
        try database.run(RedisCommand<RESPValue>.raw(name, arguments))
    }

    @discardableResult
    func call(_ name: String, arguments: [any RedisArgument]) throws -> RESPValue {
        try database.run(RedisCommand<RESPValue>.raw(name, arguments))
    }

    func dump(_ key: String) throws -> DumpPayload {
        try DumpPayload(try call("DUMP", key).string)
    }

    /// What the server holds, by its bytes.
    func dumped(_ key: String) throws -> RDBValue { try dump(key).value() }

    func encoding(_ key: String) throws -> String {
        String(decoding: try call("OBJECT", "ENCODING", key).string, as: UTF8.self)
    }

    func has(redis major: Int, _ minor: Int) -> Bool {
        let version = server.flavour == .redis ? server.version : "7.2"
        return !version.split(separator: ".").map { Int($0) ?? 0 }.lexicographicallyPrecedes([major, minor])
    }

    var isRedis8: Bool { server.flavour == .redis && has(redis: 8, 0) }
    /// Redis 7.4 and Valkey 9.0 came with them.
    var hasFieldTimes: Bool {
        server.flavour == .redis ? has(redis: 7, 4) : (server.version.split(separator: ".").first ?? "0") >= "9"
    }

    /// What it writes, as a dump of it tells.
    func version() throws -> RDBVersion {
        try call("SET", "version", "1")
        let payload = try dump("version")
        try call("DEL", "version")
        return RDBVersion(server.flavour == .redis ? .redis : .valkey, payload.version.number)
    }
}

extension RESPValue {
    /// The bytes of a string, the text of a number; a test fails where it is neither.
    var string: [UInt8] {
        get throws {
            switch self {
            case .integer(let number): return Array(String(number).utf8)
            case .double(let number): return Array("\(number)".utf8)
            default:
                guard let bytes else { throw NotExpected(value: "\(self)") }
                return Array(bytes)
            }
        }
    }

    var text: String { get throws { String(decoding: try string, as: UTF8.self) } }

    var number: Int64 {
        get throws {
            guard let number = Int64(try text) else { throw NotExpected(value: "\(self)") }
            return number
        }
    }

    var items: RESPArray {
        get throws {
            guard let elements else { throw NotExpected(value: "\(self)") }
            return elements
        }
    }

    /// Pairs, whether they come flat or in a map.
    subscript(name: String) -> RESPValue? {
        let flat = elements ?? []
        return stride(from: 0, to: flat.count - 1, by: 2).first { (try? flat[$0].text) == name }.map { flat[$0 + 1] }
    }
}

struct NotExpected: Error {
    let value: String
}
