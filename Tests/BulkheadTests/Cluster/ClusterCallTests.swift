import Bulkhead
import BulkheadCommands
import BulkheadTestServer
import BulkheadTestSupport
import Testing

/// The judge of the commands' Swift forms in a cluster of three servers, where each key is on the server of its slot.
@Suite(.timeLimit(.minutes(10))) struct `The calls of the commands in a cluster` {
    /// What gives something else there, and why.
    static let excused: [String: String] = [
        "SORT_RO": "a cluster refuses BY, whose keys it cannot know before",
        "SORT": "a cluster refuses BY, whose keys it cannot know before",
    ]

    /// Numbers of the name that is asked: what a cluster has, it has in each of its databases.
    static let numbers = ServerUnderTest.isAtLeast(valkey: 9, 0) ? [0, 5] : [0]

    @Test(arguments: [RESPVersion.resp2, .resp3], numbers)
    func `give what they give on one server, or are refused for the slots of their keys`(
        _ version: RESPVersion, _ number: Int
    ) async throws {
        var options = RedisTestCluster.Options()
        if number > 0 { options.databases = 16 }
        try await withCluster(options, number: number, version: version) { databases, cluster async throws in
            let main = try databases[.main]
            let server = cluster.primaries[0]
            var (judged, refused) = (0, 0)
            for scene in `The calls of the commands`.all.scenes
            where !scene.condition.isOfCluster && scene.condition.holds(for: server) {
                try await main.flushdb()
                guard try await isSetUp(scene, in: main) else { continue }
                for call in scene.calls {
                    let result: String
                    do {
                        result = try await call.make(main)
                    } catch let error as RedisError where error.code == .crossSlot {
                        refused += 1
                        #expect(call.encoded.isOfSeveralSlots, "\(call.place) is refused, and has keys of one slot")
                        // What comes after it needs what it would have written.
                        if RedisSideEffect(encoded: call.encoded.bytes) == .read { continue } else { break }
                    } catch {
                        result = "\(error)"
                    }
                    // One server answers for itself: the other suite asks it.
                    if call.encoded.keys.isEmpty, call.encoded.entry?.everywhere.isEmpty != false { continue }
                    if Self.excused[call.command] != nil { continue }
                    judged += 1
                    #expect(call.accepts(result), "\(call.place): \(result), expected \(call.gives)")
                }
            }
            #expect(judged > 80 && refused > 5, "\(judged) judged, \(refused) refused")
        }
    }

    /// False if its set-up takes keys of several slots at once.
    private func isSetUp(_ scene: CommandCalls.Scene, in main: RedisDatabase) async throws -> Bool {
        for line in scene.setup where !line.isEmpty {
            let words = line.split(separator: " ").map(String.init)
            do throws(RedisError) {
                _ = try await main.send(words[0], Array(words.dropFirst()))
            } catch {
                guard error.code == .crossSlot else { throw error }
                return false
            }
        }
        return true
    }
}

extension EncodedCommand {
    fileprivate var isOfSeveralSlots: Bool {
        if case .several = slot { true } else { false }
    }
}
