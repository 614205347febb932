import Bulkhead

let databases = try RedisDatabases.fromEnvironment()  // REDIS_URL, else 127.0.0.1:6379
let main = try databases[.main]
let knowledge = try databases[.knowledge]

try await main.set("session:42", "alice", expiry: .after(.seconds(3600)))
try await knowledge.hset("llama_index/vector_1", ["doc_id": "doc:1", "vector": [0.25, -0.5, 1] as [Float]])

let user = try await main.get("session:42") ?? "nobody"
let vector = try await knowledge.hget("llama_index/vector_1", "vector", as: [Float].self) ?? []
print("\(user) has a vector of \(vector.count) dimensions in a database of \(try await knowledge.dbsize()) key")
await databases.close()
