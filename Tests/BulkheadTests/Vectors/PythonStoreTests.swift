import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

/// What the Python packages write and we read, and the reverse. The server makes no difference: it has to be one with
/// the search module.
@Suite(
    .timeLimit(.minutes(10)), .enabled(if: TestTier.isWhole),
    .enabled(if: ModuleServer.options != nil, "\(ModuleServer.absence)"))
struct PythonStoreTests {
    private static let stores: [(name: String, layout: RedisVectorLayout)] = [
        ("llama_index", .llamaIndex()), ("langchain", .langChain(index: "lc")),
        ("redisvl", .redisVL(prefix: "vl", vectorField: "embedding", textField: "text", idField: "id")),
    ]

    private struct Answer: Decodable, Equatable {
        let text: String
        let year: String
    }

    @Test(.enabled(if: TestTier.isWhole && PythonStores.areThere, "\(PythonStores.absence)"))
    func `what LlamaIndex, LangChain and RedisVL wrote is read and searched in place, and they find what we write`()
        async throws
    {
        var options = try #require(ModuleServer.options)
        options.listening = .tcp
        let server = try RedisTestServer.start(options)
        defer { server.stop() }
        let databases = RedisDatabases(testConfiguration(server))
        let main = try databases[.main]
        _ = try PythonStores.run("write", server.url)
        for (name, layout) in Self.stores {
            let found = try await main.nearest(2, to: [1, 0, 0, 0], in: layout)
            #expect(found.compared == 3 && found.skipped == 0, "\(name)")
            let records = try await main.pipeline(found.neighbours.map { layout.read($0.key) }).map { try $0.get() }
            #expect(records.map { $0?.text } == ["text a", "text c"], "\(name)")
            #expect(records.map { $0?.vector } == [[1, 0, 0, 0], [0.9, 0.1, 0, 0]], "\(name)")
            #expect(records.allSatisfy { $0?.metadata["year"] == "1984" }, "\(name)")
            if layout.idField != nil { #expect(records.map { $0?.id } == ["a", "c"], "\(name)") }
            try await main.run(
                layout.write(
                    RedisVectorRecord(
                        id: "ours", text: "text of ours", vector: [0, 0, 0.1, 1], metadata: ["year": "2026"])))
        }
        // The module takes hashes in by itself, in the background.
        let expected = Dictionary(
            uniqueKeysWithValues: Self.stores.map { ($0.name, Answer(text: "text of ours", year: "2026")) })
        var answers: [String: Answer] = [:]
        for _ in 0..<20 where answers != expected {
            let output = try PythonStores.run("query", server.url)
            answers = try JSONDecoder().decode([String: Answer].self, from: Data(output.utf8))
        }
        #expect(answers == expected)
        await databases.close()
    }
}
