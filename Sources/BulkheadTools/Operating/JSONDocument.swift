#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension Descriptor {
    /// Writes `value` as one JSON document with sorted members, indented, and a line feed.
    package func writeJSON(_ value: some Encodable) throws(ProgramFailure) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        let data: Data
        do {
            data = try encoder.encode(value)
        } catch {
            throw ProgramFailure.unnamed(.failed, "a result cannot be written as JSON: \(error)")
        }
        try writeAll(String(decoding: data, as: UTF8.self) + "\n")
    }
}
