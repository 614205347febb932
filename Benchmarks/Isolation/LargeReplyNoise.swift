import Bulkhead
import BulkheadBenchmarkSupport

/// One list of `main` and one of `knowledge`, read as a whole over and over while the cache is measured.
struct LargeReplyNoise {
    let databases: RedisDatabases
    /// Of the server, on this machine.
    let port: Int
    /// Of each list, a MiB each.
    let elements: Int

    private static let key = "large"
    private static let elementSize = 1 << 20

    /// Writes the lists.
    func load() throws {
        let element = [UInt8](repeating: UInt8(ascii: "x"), count: Self.elementSize)
        for name in [DatabaseName.main, .knowledge] {
            for _ in 0..<elements { try databases.blocking(name).rpush(Self.key, element) }
        }
    }

    /// Starts to read one at once, counts replies and how long each took; nil where nothing is read.
    func start(_ place: LargeReplyPlace) throws -> NoiseMaker? {
        switch place {
        case .idle: nil
        case .bareSocket: try dropping()
        case .knowledge: try reading(try databases[.knowledge])
        case .main: try reading(try databases[.main])
        }
    }

    /// As a task of a service does, by the asynchronous database, beside whatever else asks it.
    private func reading(_ database: RedisDatabase) throws -> NoiseMaker {
        try NoiseMaker(awaiting: { [elements] maker in
            while !maker.hasToStop {
                let found = try await maker.step {
                    try await database.lrange(Self.key, from: 0, through: -1, as: RESPBytes.self)
                }
                guard found.count == elements, found.allSatisfy({ $0.count == Self.elementSize }) else {
                    throw ProgramError("the large reply has other elements than were written")
                }
                maker.add(1)
            }
        })
    }

    /// By a socket that drops it: the least that reading it can cost.
    private func dropping() throws -> NoiseMaker {
        let number = try databases.catalogue[.knowledge].number
        // Made here to fail here; used by the noise's thread alone.
        nonisolated(unsafe) let socket = try BareSocket(host: "127.0.0.1", port: port, database: number)
        return try NoiseMaker { [replySize] maker in
            try maker.step {
                try socket.ask(["LRANGE", Self.key, "0", "-1"], replySize: replySize, beginningWith: UInt8(ascii: "*"))
            }
            maker.add(1)
        }
    }

    /// Bytes of the reply: the count, and each element between its length and a line's end.
    private var replySize: Int {
        let element = 1 + String(Self.elementSize).utf8.count + 2 + Self.elementSize + 2
        return 1 + String(elements).utf8.count + 2 + elements * element
    }
}
