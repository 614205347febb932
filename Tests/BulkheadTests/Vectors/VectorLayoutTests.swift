import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Testing

@Suite struct VectorLayoutTests {
    private static let layouts: [RedisVectorLayout] = [
        .llamaIndex(), .langChain(index: "lc"), .langChain(index: "old", separator: "::"),
        .redisVL(prefix: "vl", vectorField: "embedding", textField: "text", idField: "id"),
        RedisVectorLayout(keyPrefix: "own[*]:", vectorField: "v"),
    ]

    @Test(arguments: layouts, [RedisVectorFormat.float32, .float64, .text])
    func `a record is read as it was written, and found by its vector`(
        plain: RedisVectorLayout, format: RedisVectorFormat
    ) async throws {
        var changed = plain
        changed.format = format
        let layout = changed
        try await withDatabases { databases, _ in
            let knowledge = try databases[.knowledge]
            let records = [
                RedisVectorRecord(
                    id: "a", text: layout.textField.map { _ in "erster" }, vector: [0.5, 0.25, -1],
                    metadata: ["year": "1984"]),
                RedisVectorRecord(id: "b", text: layout.textField.map { _ in "" }, vector: [0.5, 1, 1]),
            ]
            _ = try await knowledge.pipeline(records.map { layout.write($0) })
            // A scan's pattern is no prefix.
            try await knowledge.hset("own*:c", "v", [0.5, 0.25, -1] as [Float])
            let found = try await knowledge.nearest(1, to: [1, 0.5, -2], in: layout)
            #expect(found.neighbours.map(\.key) == [layout.key(of: "a")] && found.compared == 2 && found.skipped == 0)
            for record in records {
                var read = try #require(try await knowledge.run(layout.read(layout.key(of: record.id))))
                // What LlamaIndex calls the document is written always.
                if read.metadata["doc_id"] == "None" { read.metadata["doc_id"] = nil }
                #expect(read == record)
            }
            var all: Set<String> = []
            for try await scanned in knowledge.scanValues(match: layout.keyPattern, type: "hash", { layout.read($0) }) {
                all.insert(try #require(try scanned.value).id)
            }
            #expect(all == ["a", "b"])
            #expect(try databases.blocking(.knowledge).nearest(1, to: [1, 0.5, -2], in: layout) == found)
        }
    }

    @Test func `a key that is none is nil, and a hash that is no record says which field it lacks`() async throws {
        try await withDatabases { databases, _ in
            let main = try databases[.main]
            let layout = RedisVectorLayout.llamaIndex()
            #expect(try await main.run(layout.read(layout.key(of: "none"))) == nil)
            try await main.hset(layout.key(of: "a"), ["text": "no vector", "vector": "odd"])
            let error = await #expect(throws: RedisError.self) { try await main.run(layout.read(layout.key(of: "a"))) }
            #expect(error?.code == .unexpectedReply && error?.message.contains("the field vector") == true)
            #expect(try await main.nearest(1, to: [1], in: layout).skipped == 1)
        }
    }
}
