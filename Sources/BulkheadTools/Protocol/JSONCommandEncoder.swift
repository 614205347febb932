import Bulkhead
import BulkheadRESP

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Turns lines of JSON into commands of the protocol: feed bytes in any split, and each whole line is encoded.
///
/// A line is an array of at least one argument, each a string, sent as its UTF-8, or an object `{"hex":"…"}` for
/// bytes of any kind. Blank lines are skipped.
///
/// ```swift
/// var encoder = JSONCommandEncoder()
/// var wire: [UInt8] = []
/// try encoder.feed(#"["SET","doc:1",{"hex":"00ff"}]"#.utf8, to: &wire)
/// try encoder.finish(to: &wire)         // the last line needs no line feed
/// ```
package struct JSONCommandEncoder: Sendable {
    /// A line that is no command. An encoder that threw one stays in error.
    package struct LineError: Error, Sendable, Hashable, CustomStringConvertible {
        /// Counted from 1, blank lines included.
        package let line: Int
        /// What was expected, in words; never text of the line.
        package let problem: String

        package var description: String { "line \(line): \(problem)" }
    }

    /// Bytes of one line, its line feed excluded; default 2 GiB, which holds the 512 MiB that servers take for one
    /// argument in hexadecimal digits, and more beside it.
    package let longestLine: Int

    /// A line has two; a line that is a little deeper gets an error that names the argument.
    private static let mostLevels = 8

    private let parser = JSONDecoder()
    /// The beginning of a line whose end has not arrived.
    private var open: [UInt8] = []
    private var finishedLines = 0
    private var failure: LineError?

    package init(longestLine: Int = 2 << 30) {
        self.longestLine = longestLine
    }

    /// Appends the commands of all lines that `bytes` complete to `wire`.
    ///
    /// Throws at the first line that is no command; `wire` then holds all commands before it. Throws the same again
    /// at every later call.
    package mutating func feed(_ bytes: some Collection<UInt8>, to wire: inout [UInt8]) throws(LineError) {
        if let failure { throw failure }
        var rest = bytes[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            try take(rest[..<end])
            try encodeLine(to: &wire)
            rest = rest[rest.index(after: end)...]
        }
        try take(rest)
    }

    /// Appends the command of a last line without line feed to `wire`; throws as ``feed(_:to:)`` does.
    package mutating func finish(to wire: inout [UInt8]) throws(LineError) {
        if let failure { throw failure }
        try encodeLine(to: &wire)
    }

    private mutating func take(_ part: some Collection<UInt8>) throws(LineError) {
        guard part.count <= longestLine - open.count else {
            throw failed("a line of more than \(longestLine) bytes")
        }
        open.append(contentsOf: part)
    }

    private mutating func encodeLine(to wire: inout [UInt8]) throws(LineError) {
        let arguments: [Argument]
        do {
            defer { open.removeAll(keepingCapacity: open.count <= 64 << 10) }
            guard !open.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "\r") })
            else {
                finishedLines += 1
                return
            }
            arguments = try parse()
        }
        guard !arguments.isEmpty else { throw failed("a command needs at least its name") }
        var encoder = RESPEncoder()
        encoder.command(argumentCount: arguments.count)
        for argument in arguments {
            switch argument {
            case .text(let text): encoder.argument(text)
            case .bytes(let bytes): bytes.withUnsafeBytes { encoder.argument($0) }
            }
        }
        wire.append(contentsOf: encoder.bytes)
        finishedLines += 1
    }

    private mutating func parse() throws(LineError) -> [Argument] {
        // JSONDecoder takes bytes with zeros among them for UTF-16 or UTF-32; a line of ours is UTF-8.
        guard !open.contains(0), String(validating: open, as: UTF8.self) != nil else {
            throw failed("not UTF-8 text")
        }
        guard !open.nestsJSONDeeper(than: Self.mostLevels) else {
            throw failed(#"nested too deep; expected an array of arguments, such as ["GET","doc:1"]"#)
        }
        do {
            let arguments = try parser.decode([Argument].self, from: Data(open))
            guard !hasStrayComma else {
                throw failed(#"a stray comma; expected an array such as ["GET","doc:1"]"#)
            }
            return arguments
        } catch let error as LineError {
            throw error
        } catch let error as Argument.Problem {
            throw failed("argument \(error.index + 1): \(error.text)")
        } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context) {
            guard let index = context.codingPath.first?.intValue else {
                throw failed(#"expected an array of arguments, such as ["GET","doc:1"]"#)
            }
            throw failed("argument \(index + 1): \(Argument.Problem.neither)")
        } catch {
            throw failed(#"not JSON; expected an array of arguments, such as ["GET","doc:1"]"#)
        }
    }

    /// True if a comma ends the array, or stands inside an object: JSONDecoder takes the first for an array that has
    /// ended, and the second also for one key given twice.
    private var hasStrayComma: Bool {
        var isInString = false
        var isEscaped = false
        var isInObject = false
        var last: UInt8 = 0
        for byte in open {
            if isInString {
                isInString = isEscaped || byte != UInt8(ascii: "\"")
                isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
                last = byte
                continue
            }
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): continue
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "{"): isInObject = true
            case UInt8(ascii: "}"): isInObject = false
            case UInt8(ascii: ",") where isInObject: return true
            case UInt8(ascii: "]") where last == UInt8(ascii: ","): return true
            default: break
            }
            last = byte
        }
        return false
    }

    private mutating func failed(_ problem: String) -> LineError {
        let error = LineError(line: finishedLines + 1, problem: problem)
        failure = error
        return error
    }
}

/// One argument as it stands in a line.
private enum Argument: Decodable {
    case text(String)
    case bytes([UInt8])

    struct Problem: Error {
        let index: Int
        let text: String

        static let neither = #"expected a string or {"hex":"…"}"#
    }

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
        let index = decoder.codingPath.first?.intValue ?? 0
        do {
            self = .text(try decoder.singleValueContainer().decode(String.self))
            return
        } catch DecodingError.typeMismatch {
            // Not a string, so it has to be the object.
        }
        let object = try decoder.container(keyedBy: Key.self)
        guard object.allKeys.count == 1, let key = object.allKeys.first, key.stringValue == "hex",
            let digits = try? object.decode(String.self, forKey: key)
        else { throw Problem(index: index, text: Problem.neither) }
        guard let bytes = [UInt8](hex: digits) else {
            throw Problem(index: index, text: "hex takes pairs of the digits 0-9 and a-f")
        }
        self = .bytes(bytes)
    }
}
