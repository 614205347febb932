import Bulkhead

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The fields of a hash as the attributes of an element: JSON that filters can ask for.
struct VectorAttributes: Encodable {
    private let fields: [(name: String, value: String)]

    /// What is absent, or no text, is left out.
    init(_ names: [String], _ values: [RESPBytes?]) {
        fields = zip(names, values).compactMap { name, value in value?.text.map { (name, $0) } }
    }

    /// Nil if there are none.
    var json: String? {
        guard !fields.isEmpty else { return nil }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// A number is one, so that `.year < 1990` holds; any other text is text.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Name.self)
        for (name, value) in fields {
            if let number = Int(value) {
                try container.encode(number, forKey: Name(name))
            } else if let number = Double(value), number.isFinite {
                try container.encode(number, forKey: Name(name))
            } else {
                try container.encode(value, forKey: Name(name))
            }
        }
    }

    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(_ name: String) { stringValue = name }
        init?(stringValue name: String) { stringValue = name }
        init?(intValue: Int) { nil }
    }
}
