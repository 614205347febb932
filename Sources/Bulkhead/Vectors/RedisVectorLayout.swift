public import BulkheadCommands
import BulkheadRESP

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// How a store of vectors writes its records: which keys, and which fields.
///
/// ```swift
/// let layout = RedisVectorLayout.llamaIndex()
/// let found = try await knowledge.nearest(5, to: query, in: layout)
/// let records = try await knowledge.pipeline(found.neighbours.map { layout.read($0.key) })
/// ```
/// The static functions describe what the Python packages LlamaIndex, LangChain and RedisVL write into hashes. Nothing
/// of their search index is used, so it works in any database. Change the properties for a store that was set up
/// otherwise.
public struct RedisVectorLayout: Sendable, Hashable {
    /// What the keys begin with, such as `llama_index/vector_`. The rest of a key is the id, unless a field has it.
    public var keyPrefix: String
    /// The field of the vector.
    public var vectorField: String
    /// How its numbers are written.
    public var format = RedisVectorFormat.float32
    /// The field of the text; nil if there is none.
    public var textField: String?
    /// The field of the id; nil if it is in the key only.
    public var idField: String?
    /// Fields that the store keeps for itself, and that are no metadata.
    public var hiddenFields: Set<String> = []
    private var own = OwnFields.none

    /// Fields that a store needs beside those of the record.
    private enum OwnFields: Sendable, Hashable {
        case none
        case llamaIndex
        case langChain(index: String)
    }

    /// Hashes whose keys begin with a prefix.
    public init(keyPrefix: String, vectorField: String, textField: String? = nil, idField: String? = nil) {
        self.keyPrefix = keyPrefix
        self.vectorField = vectorField
        self.textField = textField
        self.idField = idField
    }

    /// What `RedisVectorStore` of LlamaIndex writes: `llama_index/vector_<id>` with `vector`, `text` and `id`.
    public static func llamaIndex(prefix: String = "llama_index/vector", separator: String = "_") -> RedisVectorLayout {
        var layout = RedisVectorLayout(
            keyPrefix: prefix + separator, vectorField: "vector", textField: "text", idField: "id")
        layout.hiddenFields = ["_node_content", "_node_type", "document_id", "ref_doc_id"]
        layout.own = .llamaIndex
        return layout
    }

    /// What `RedisVectorStore` of langchain-redis writes: `<index>:<id>` with `embedding` and `text`. Older versions of
    /// its redisvl write two colons: give `separator: "::"`.
    public static func langChain(index: String, separator: String = ":") -> RedisVectorLayout {
        var layout = RedisVectorLayout(keyPrefix: index + separator, vectorField: "embedding", textField: "text")
        layout.hiddenFields = ["_index_name", "_metadata_json"]
        layout.own = .langChain(index: index)
        return layout
    }

    /// What `SearchIndex` of RedisVL writes: `<prefix>:<id>` with the fields of its schema.
    public static func redisVL(
        prefix: String = "rvl", separator: String = ":", vectorField: String, textField: String? = nil,
        idField: String? = nil
    ) -> RedisVectorLayout {
        RedisVectorLayout(
            keyPrefix: prefix + separator, vectorField: vectorField, textField: textField, idField: idField)
    }

    /// What SCAN matches: all keys with the prefix.
    public var keyPattern: String {
        keyPrefix.reduce(into: "") { pattern, character in
            if "*?[]\\^".contains(character) { pattern.append("\\") }
            pattern.append(character)
        } + "*"
    }

    /// The key of the record with an id.
    public func key(of id: String) -> String { keyPrefix + id }
}

extension RedisVectorLayout {
    /// Reads a record.
    ///
    /// - Returns: The record; nil if there is no such key. Throws if it has no vector, or its text is not UTF-8.
    /// - Complexity: O(N) for N fields
    /// - Since: Redis 2.0.0
    public func read(_ key: String) -> RedisCommand<RedisVectorRecord?> {
        RedisCommand<RedisVectorRecord?>(
            "HGETALL", route: .bulk,
            decode: { reply throws(RedisConversionError) in
                let fields = try [String: RESPBytes](redis: reply)
                return fields.isEmpty ? nil : try record(key, fields)
            }
        ) { $0.append(key) }
    }

    /// Writes a record so that the store's own package finds it: in the hash that it would have written.
    ///
    /// Fields of the hash that the record does not have stay as they are. The store's index, if it has one, takes the
    /// hash in as it does its own.
    /// - Returns: How many fields are new.
    /// - Complexity: O(N) for N fields
    /// - Since: Redis 4.0.0
    public func write(_ record: RedisVectorRecord) -> RedisCommand<Int> {
        var fields = record.metadata
        fields[vectorField] = format.bytes(of: record.vector)
        if let textField { fields[textField] = RESPBytes(record.text ?? "") }
        if let idField { fields[idField] = RESPBytes(record.id) }
        let texts = record.metadata.compactMapValues(\.text)
        switch own {
        case .none: break
        case .llamaIndex:
            // The package reads metadata from here, and the text from its field. `None` is what it writes itself.
            let document = record.metadata["doc_id"] ?? "None"
            for name in ["doc_id", "document_id", "ref_doc_id"] { fields[name] = document }
            fields["_node_type"] = "TextNode"
            fields["_node_content"] = Self.json(LlamaNode(record.id, texts.filter { $0.key != "doc_id" }))
        case .langChain(let index):
            fields["_index_name"] = RESPBytes(index)
            fields["_metadata_json"] = Self.json(texts)
        }
        return .hset(key(of: record.id), pairs: fields)
    }

    private func record(
        _ key: String, _ fields: [String: RESPBytes]
    ) throws(RedisConversionError) -> RedisVectorRecord {
        guard let vector = fields[vectorField].flatMap({ format.vector(in: $0) }) else {
            throw RedisConversionError(
                expected: "a vector in the field \(vectorField)",
                found: "a hash without such a field, or other bytes in it")
        }
        let text = try textField.flatMap { fields[$0] }.map { bytes throws(RedisConversionError) in
            try String(redis: .bulkString(bytes))
        }
        let known = hiddenFields.union([vectorField, textField, idField].compactMap(\.self))
        return RedisVectorRecord(
            id: idField.flatMap { fields[$0]?.text } ?? String(key.dropFirst(keyPrefix.count)), text: text,
            vector: vector, metadata: fields.filter { !known.contains($0.key) })
    }

    /// Texts cannot fail to be JSON.
    private static func json(_ value: some Encodable) -> RESPBytes {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return RESPBytes((try? encoder.encode(value)) ?? Data("{}".utf8))
    }

    /// A node of LlamaIndex; what is left out it takes for its usual value.
    private struct LlamaNode: Encodable {
        let id: String
        let metadata: [String: String]
        let relationships: [String: String] = [:]
        let text = ""
        let className = "TextNode"

        init(_ id: String, _ metadata: [String: String]) {
            self.id = id
            self.metadata = metadata
        }

        enum CodingKeys: String, CodingKey {
            case id = "id_"
            case metadata, relationships, text
            case className = "class_name"
        }
    }
}
