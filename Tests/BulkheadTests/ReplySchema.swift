import Bulkhead
import Foundation

/// A reply's shape as upstream publishes it, in the part of JSON Schema that it uses.
///
/// The file lies beside the project: BULKHEAD_REPLY_SCHEMAS names it, and without it the test is skipped.
struct ReplySchemas {
    private let schemas: [String: Any]

    static let path = ProcessInfo.processInfo.environment["BULKHEAD_REPLY_SCHEMAS"]

    init(path: String) throws {
        let content = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path)))
        schemas = (content as? [String: Any])?["schemas"] as? [String: Any] ?? [:]
    }

    var count: Int { schemas.count }

    /// What in the reply does not fit the command's shape; nil if all does, or there is no such shape.
    func objection(to reply: RESPValue, of command: String) -> String? {
        schemas[command].flatMap { Self.objection(to: reply.withoutAttributes, $0) }
    }

    func has(_ command: String) -> Bool { schemas[command] != nil }

    private static func objection(to value: RESPValue, _ schema: Any) -> String? {
        guard let schema = schema as? [String: Any] else { return nil }
        if let one = schema["oneOf"] as? [Any] {
            let fitting = one.filter { objection(to: value, $0) == nil }.count
            if fitting != 1 { return "\(kind(of: value)) fits \(fitting) of \(one.count) shapes" }
        }
        if let any = schema["anyOf"] as? [Any], !any.contains(where: { objection(to: value, $0) == nil }) {
            return "\(kind(of: value)) fits none of \(any.count) shapes"
        }
        if let constant = schema["const"], !isEqual(value, constant) { return "\(kind(of: value)) is not \(constant)" }
        if let type = schema["type"] as? String, !fits(value, type) { return "\(kind(of: value)) is no \(type)" }
        if let pattern = schema["pattern"] as? String, let text = value.bytes?.text,
            text.range(of: pattern, options: .regularExpression) == nil
        {
            return "text does not fit \(pattern)"
        }
        if let least = schema["minimum"] as? NSNumber, let number = try? Double(redis: value),
            number < least.doubleValue
        {
            return "\(number) is less than \(least)"
        }
        if case .map(let map) = value { return objection(to: map, schema) }
        return value.elements.flatMap { objection(to: $0, schema) }
    }

    private static func objection(to elements: RESPArray, _ schema: [String: Any]) -> String? {
        if let most = schema["maxItems"] as? Int, elements.count > most {
            return "\(elements.count) elements, at most \(most)"
        }
        if let least = schema["minItems"] as? Int, elements.count < least {
            return "\(elements.count) elements, at least \(least)"
        }
        if schema["uniqueItems"] as? Bool == true, Set(elements).count != elements.count { return "repeated elements" }
        let places = schema["items"] as? [Any]
        for (index, element) in elements.enumerated() {
            let more = schema["additionalItems"] ?? true
            let rule = places.map { index < $0.count ? $0[index] : more } ?? schema["items"]
            if rule as? Bool == false { return "element \(index) is one too many" }
            if let rule, let problem = objection(to: element, rule) { return "[\(index)] \(problem)" }
        }
        return nil
    }

    private static func objection(to map: RESPMap, _ schema: [String: Any]) -> String? {
        let properties = schema["properties"] as? [String: Any] ?? [:]
        let patterns = schema["patternProperties"] as? [String: Any] ?? [:]
        for (key, value) in map {
            let name = (try? String(redis: key)) ?? ""
            let byPattern = patterns.first { name.range(of: $0.key, options: .regularExpression) != nil }?.value
            let rule = properties[name] ?? byPattern ?? schema["additionalProperties"]
            if rule as? Bool == false { return "\(name) is not known there" }
            if let rule, let problem = objection(to: value, rule) { return "\(name): \(problem)" }
        }
        return nil
    }

    private static func fits(_ value: RESPValue, _ type: String) -> Bool {
        switch (value, type) {
        case (.null, "null"), (.integer, "integer"), (.integer, "number"), (.double, "number"), (.boolean, "boolean"),
            (.map, "object"), (.array, "array"), (.set, "array"), (.bulkString, "string"), (.simpleString, "string"),
            (.verbatimString, "string"), (.bigNumber, "string"):
            true
        default: false
        }
    }

    private static func isEqual(_ value: RESPValue, _ constant: Any) -> Bool {
        if constant is NSNull { return value == .null }
        if let text = constant as? String { return value.bytes?.text == text }
        return (try? Double(redis: value)) == (constant as? NSNumber)?.doubleValue
    }

    private static func kind(of value: RESPValue) -> String {
        switch value {
        case .null: "null"
        case .integer(let number): "\(number)"
        case .double: "a double"
        case .map(let map): "a map of \(map.count)"
        case .array(let elements): "an array of \(elements.count)"
        case .set(let elements): "a set of \(elements.count)"
        default: "text"
        }
    }
}
