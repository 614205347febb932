import BulkheadRESP

extension RESPValue {
    /// What of it passes a limit; nil if nothing does. `depth` counts what is around it.
    func passes(_ limits: RESPLimits, depth: Int = 0) -> String? {
        func check(_ elements: RESPArray, _ count: Int) -> String? {
            if depth + 1 > limits.depth { return "depth" }
            if count > limits.elements { return "elements" }
            for element in elements {
                if let limit = element.passes(limits, depth: depth + 1) { return limit }
            }
            return nil
        }
        switch self {
        case .simpleString(let bytes), .error(let bytes), .bigNumber(let bytes):
            return bytes.count + 1 > limits.lineBytes ? "lineBytes" : nil
        case .bulkString(let bytes), .bulkError(let bytes):
            return bytes.count > limits.bulkBytes ? "bulkBytes" : nil
        case .verbatimString(let verbatim):
            return verbatim.content.count + 4 > limits.bulkBytes ? "bulkBytes" : nil
        case .array(let elements), .set(let elements), .push(let elements): return check(elements, elements.count)
        case .map(let map): return check(map.flat, map.count)
        case .attribute(let attributed):
            let map = attributed.attributes
            return check(map.flat, map.count) ?? attributed.value.passes(limits, depth: depth + 1)
        case .integer, .null, .boolean, .double: return nil
        }
    }
}
