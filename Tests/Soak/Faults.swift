import Bulkhead
import BulkheadBenchmarkSupport
import BulkheadTestServer

/// What is done to the server while all call.
struct Faults: Sendable {
    var clientKills = 0
    var pauses = 0
    var restarts = 0
    var problem: String?

    /// Does something every now and then until the end is called; the server runs afterwards.
    static func run(on server: RedisTestServer, seed: UInt64, board: Scoreboard) -> Faults {
        var faults = Faults()
        var random = SeededGenerator(seed: seed ^ 0xFA17)
        do {
            while sleep(milliseconds: Int.random(in: 50...900, using: &random), board) {
                switch Int.random(in: 0..<10, using: &random) {
                case 0..<6:
                    try faults.killClients(of: server)
                case 6..<8:
                    try server.pause()
                    _ = sleep(milliseconds: Int.random(in: 1...120, using: &random), board)
                    server.resume()
                    faults.pauses += 1
                default:
                    server.kill()
                    _ = sleep(milliseconds: Int.random(in: 0...60, using: &random), board)
                    try server.restart()
                    faults.restarts += 1
                }
            }
        } catch {
            faults.problem = "\(error)"
            board.stop()
        }
        return faults
    }

    /// From a connection of its own, which spares itself.
    private mutating func killClients(of server: RedisTestServer) throws {
        let databases = RedisDatabases(RedisConfiguration(unixSocket: server.socketPath))
        defer { databases.closeBlocking(grace: .zero) }
        let main = try databases.blocking(.main)
        for type in ["pubsub", "normal"] { try main.send("CLIENT", "KILL", "TYPE", type) }
        clientKills += 1
    }

    /// In small pieces; false when the end was called meanwhile.
    private static func sleep(milliseconds: Int, _ board: Scoreboard) -> Bool {
        let end = MonotonicClock.now() + Int64(milliseconds) * 1_000_000
        while !board.isOver, MonotonicClock.now() < end {
            _ = MonotonicClock.sleep(until: min(end, MonotonicClock.now() + 20_000_000))
        }
        return !board.isOver
    }
}
