import BulkheadCommands
public import BulkheadRESP

extension RedisFilterChunk {
    /// A part that was kept elsewhere.
    public init(next: Int, bytes: RESPBytes) {
        self.next = next
        self.bytes = bytes
    }
}

/// What became of items that a cuckoo filter was to take: a filter that is full says -1.
enum RedisFilterReply {
    static func added(_ reply: RESPValue) throws(RedisConversionError) -> [Bool] {
        try addedOrFull(reply).map { $0 == true }
    }

    static func addedOrFull(_ reply: RESPValue) throws(RedisConversionError) -> [Bool?] {
        var results: [Bool?] = []
        for element in try reply.requireElements("what became of items") {
            if case .boolean(let isAdded) = element.withoutAttributes {
                results.append(isAdded)
            } else {
                let number = try Int(redis: element)
                results.append(number < 0 ? nil : number == 1)
            }
        }
        return results
    }
}
