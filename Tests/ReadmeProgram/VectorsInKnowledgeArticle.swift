// swift-format-ignore-file
// The programs of the article VectorsInKnowledge as they stand there, so that the compiler reads them; ReadmeTests
// compares.

import Bulkhead

func remember(_ text: String, _ embedding: [Float], in knowledge: RedisDatabase) async throws(RedisError) {
    let id = try await knowledge.incr("doc:last")
    try await knowledge.hset("doc:\(id)", ["text": text, "vector": embedding])
}

func related(to embedding: [Float], in knowledge: RedisDatabase) async throws(RedisError) -> [String] {
    let found = try await knowledge.nearest(
        10, to: embedding, in: .field("vector"), match: "doc:*", pace: .considerate)
    return found.neighbours.map(\.key)
}

func search(_ embedding: [Float], in knowledge: RedisDatabase) async throws(RedisError) -> [RedisScored<String>] {
    try await knowledge.vadd("pages", "doc:1", embedding, attributes: #"{"year": 1984}"#)
    return try await knowledge.vsim("pages", near: embedding, count: 10, filter: ".year < 1990")
}

func ask(_ embedding: [Float], in knowledge: RedisDatabase) async throws(RedisError) -> [RedisVectorRecord] {
    let layout = RedisVectorLayout.llamaIndex()
    let found = try await knowledge.nearest(5, to: embedding, in: layout)
    let records = try await knowledge.pipeline(found.neighbours.map { layout.read($0.key) })
    return records.compactMap { try? $0.get() }
}
