import Testing

@testable import BulkheadBenchmarkSupport

@Suite struct IsolationContentTests {
    private let content = IsolationContent(prefix: "", seed: 7)

    @Test func `a vector's key is LlamaIndex's, with a UUID of version 4 that is also its id`() throws {
        let vector = content.vector(3, dimensions: 384)
        #expect(vector.key == "llama_index/vector_" + vector.id)
        #expect(vector.key == content.vectorKey(3))
        let form = try Regex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
        for index in 0..<200 {
            #expect(try form.wholeMatch(in: content.vector(index, dimensions: 1).id) != nil)
        }
    }

    @Test func `the same seed gives the same data, another seed other data`() {
        let again = IsolationContent(prefix: "", seed: 7)
        let other = IsolationContent(prefix: "", seed: 8)
        #expect(content.vector(5, dimensions: 384) == again.vector(5, dimensions: 384))
        #expect(content.cacheValue(5, size: 100) == again.cacheValue(5, size: 100))
        #expect(content.vectorKey(5) != other.vectorKey(5))
        #expect(content.vector(5, dimensions: 384).vector != other.vector(5, dimensions: 384).vector)
    }

    @Test func `no two vectors share a key, and none its numbers with its neighbour`() {
        let count = 5_000
        #expect(Set((0..<count).map(content.vectorKey)).count == count)
        let first = content.vector(0, dimensions: 384).vector
        let second = content.vector(1, dimensions: 384).vector
        #expect(Set(first).intersection(second).count < 5)
    }

    @Test func `vectors have the dimensions asked for, between -1 and 1, about half of them negative`() {
        let vector = content.vector(0, dimensions: 768).vector
        #expect(vector.count == 768)
        #expect(vector.allSatisfy { (-1...1).contains($0) })
        #expect((250...518).contains(vector.count { $0 < 0 }))
    }

    @Test func `several vectors belong to one document`() {
        let documents = (0..<16).map { content.vector($0, dimensions: 1).documentID }
        #expect(Set(documents).count == 2)
        #expect(documents[0] != content.vector(0, dimensions: 1).id)
    }

    @Test func `cache values are of the size asked for and printable`() {
        let value = content.cacheValue(0, size: 100)
        #expect(value.count == 100)
        #expect(value.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) })
    }

    @Test func `every key begins with the prefix, and the pattern with it finds vectors only`() {
        let mine = IsolationContent(prefix: "mine:", seed: 7)
        #expect(mine.cacheKey(0).hasPrefix("mine:"))
        #expect(mine.vectorKey(0).hasPrefix("mine:llama_index/vector_"))
        #expect(mine.vectorPattern == "mine:llama_index/*")
        #expect(!mine.cacheKey(0).hasPrefix("mine:llama_index/"))
    }
}
