import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP
import Testing

@testable import Bulkhead

/// How the server of a command with one key is found, by value.
@Suite struct ClusterRouteTests {
    @Test func `a slot that is found without the table of commands is the one that the table gives`() throws {
        var found = 0
        for name in CommandTable.names {
            let command = encoded(name.split(separator: " ").map(String.init) + ["{x}1", "2", "3"])
            guard let slot = EncodedCommand.onlySlot(of: command.bytes) else { continue }
            found += 1
            #expect(slot == HashSlot(ofKey: Array("x".utf8)), "\(name)")
            // A shard channel is in a key's place.
            #expect(command.keys.map(Array.init) == (name == "SPUBLISH" ? [] : [Array("{x}1".utf8)]), "\(name)")
        }
        #expect(found > 200)
    }

    @Test func `it is found of a name in any letters, and of nothing that needs a closer look`() {
        let slot = HashSlot(ofKey: Array("foo".utf8))
        for name in ["GET", "get", "gEt", "HINCRBYFLOAT", "ZREVRANGEBYSCORE"] {
            #expect(EncodedCommand.onlySlot(of: encoded([name, "foo", "1"]).bytes) == slot, "\(name)")
        }
        for words in [
            ["GET"], ["", "foo"], ["PING", "foo"], ["GETS", "foo"], ["MGET", "foo"], ["RENAME", "foo", "foo"],
            ["OBJECT", "ENCODING", "foo"], ["EVAL", "return 1", "1", "foo"], ["GET\0", "foo"], ["GET foo", "foo"],
            ["GEORADIUSBYMEMBER_RO", "foo"],
        ] {
            #expect(EncodedCommand.onlySlot(of: encoded(words).bytes) == nil, "\(words)")
        }
    }

    @Test func `what a request has found is forgotten when the map or the servers change`() throws {
        let topology = unconnected
        let (slot, other) = (try #require(HashSlot(5)), try #require(HashSlot(6)))
        topology.endRefresh(try map(primary: 1))
        #expect(topology.knownServer(of: slot) == nil)
        let first = try #require(try topology.target(of: slot))
        _ = try topology.target(of: other)
        #expect(topology.knownServer(of: slot) === first && topology.knownServer(of: other) === first)

        topology.moved(slot, to: endpoint(2))
        #expect(topology.knownServer(of: slot) == nil && topology.knownServer(of: other) === first)
        #expect(try topology.target(of: slot)?.endpoint == endpoint(2))
        #expect(topology.knownServer(of: slot)?.endpoint == endpoint(2))

        topology.endRefresh(try map(primary: 3))
        #expect(topology.knownServer(of: slot) == nil && topology.knownServer(of: other) == nil)
        #expect(try topology.target(of: other)?.endpoint == endpoint(3))
    }

    @Test func `a map in doubt is asked for first, by the long way`() throws {
        let topology = unconnected
        let slot = try #require(HashSlot(5))
        topology.endRefresh(try map(primary: 1))
        let server = try #require(try topology.target(of: slot))
        topology.doubt(after: ConnectionFailure(.closedByServer, "", stage: .sent))
        #expect(topology.knownServer(of: slot) == nil)
        // Whoever comes while the question is under way does not wait for its answer.
        #expect(topology.beginRefresh() != nil)
        #expect(topology.knownServer(of: slot) === server)
        topology.endRefresh(nil, isOpen: true)
        #expect(topology.knownServer(of: slot) == nil)
    }

    private func encoded(_ words: [String]) -> EncodedCommand {
        var encoder = RESPEncoder(capacity: 64)
        encoder.command(argumentCount: words.count)
        for word in words { encoder.argument(word) }
        return EncodedCommand(encoded: encoder.bytes)
    }

    private var unconnected: ClusterTopology {
        ClusterTopology(seeds: [endpoint(1)]) { Node(ConnectionSettings(endpoint: $0, database: 0), PoolBounds()) }
    }

    private func endpoint(_ port: Int) -> Endpoint { .tcp(host: "127.0.0.1", port: port) }

    private func map(primary port: Int64) throws -> SlotMap {
        let server = RESPValue.array([.bulkString(RESPBytes("127.0.0.1")), .integer(port)])
        let reply = RESPValue.array([.array([.integer(0), .integer(16_383), server])])
        return try #require(SlotMap(reply, from: endpoint(1)))
    }
}
