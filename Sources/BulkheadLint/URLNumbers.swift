/// Database numbers in URLs of Redis: `redis://host/3`, `unix:///run/redis.sock?db=3`, also where a variable is put in.
enum URLNumbers {
    /// The most bytes that are read as one URL. A longer text is not taken for a URL, which also bounds the time.
    private static let longestURL = 2_048

    /// The numbers in a text; each with the place of its scheme in the text's UTF-8.
    static func find(in text: some Sequence<UInt8>) -> [(offset: Int, what: String)] {
        let bytes = Array(text)
        var found: [(offset: Int, what: String)] = []
        var cursor = ByteCursor(bytes)
        while !cursor.isAtEnd {
            if cursor.isAt("://"), let start = startOfScheme(before: cursor.offset, in: bytes) {
                cursor.advance(3)
                let scheme = String(decoding: bytes[start..<cursor.offset - 3], as: UTF8.self).lowercased()
                let limit = min(bytes.count, cursor.offset + longestURL)
                var url = URLReader(cursor: ByteCursor(bytes, cursor.offset..<limit))
                if let what = url.number(scheme: scheme) { found.append((start, what)) }
                // Read once, so that a text of many schemes costs no more than its length.
                cursor.offset = url.cursor.offset
            } else {
                cursor.advance()
            }
        }
        return found
    }

    /// The numbers in a part of a file.
    static func sightings(in range: Range<Int>, of bytes: [UInt8]) -> [Sighting] {
        find(in: bytes[range]).map { Sighting(.databaseNumber, at: range.lowerBound + $0.offset, $0.what) }
    }

    /// The numbers in a text that stands in a file, each where it stands there, unless escapes are in between.
    static func sightings(of text: String, spelledAt range: Range<Int>, in bytes: [UInt8]) -> [Sighting] {
        let numbers = text.utf8.count < 6 ? [] : find(in: text.utf8)
        guard !numbers.isEmpty else { return [] }
        var places = find(in: bytes[range.prefix(4 * text.utf8.count + 64)])[...]
        return numbers.map { number in
            places = places.drop { $0.what != number.what }
            return Sighting(.databaseNumber, at: range.lowerBound + (places.popFirst()?.offset ?? 0), number.what)
        }
    }

    private static func startOfScheme(before end: Int, in bytes: [UInt8]) -> Int? {
        var start = end
        while start > 0, end - start < 32, bytes[start - 1].isLetter || "+-.".utf8.contains(bytes[start - 1]) {
            start -= 1
        }
        let scheme = String(decoding: bytes[start..<end], as: UTF8.self).lowercased()
        let isRedis = scheme.hasPrefix("redis") || scheme.hasPrefix("valkey") || scheme == "unix"
        return isRedis ? start : nil
    }
}

/// One URL from behind its `://`.
private struct URLReader {
    var cursor: ByteCursor
    var isInPath = false

    /// What is said about its number; nil if it has none.
    mutating func number(scheme: String) -> String? {
        let isSocket = scheme.contains("unix") || scheme.contains("socket")
        _ = part(until: isSocket ? "?#" : "/?#")
        isInPath = true
        var last: Part?
        while cursor.peek() == UInt8(ascii: "/") {
            cursor.advance()
            last = part(until: "/?#")
        }
        if let what = last?.what { return what }
        guard cursor.peek() == UInt8(ascii: "?") else { return nil }
        repeat {
            cursor.advance()
            let start = cursor.offset
            _ = part(until: "=&#")
            let name = cursor.text(from: start)
            guard cursor.peek() == UInt8(ascii: "=") else { continue }
            cursor.advance()
            let value = part(until: "&#")
            if ["db", "database", "virtual_host"].contains(name), let what = value.what { return what }
        } while cursor.peek() == UInt8(ascii: "&")
        return nil
    }

    /// A part of the URL.
    private struct Part {
        let text: String
        /// True if it is one variable and nothing else.
        let isVariable: Bool

        var what: String? {
            if isVariable { return "the URL takes its database number from a variable" }
            let isNumber = !text.isEmpty && text.utf8.count <= 9 && text.utf8.allSatisfy(\.isDigit)
            return isNumber ? "the URL chooses database \(text) by number" : nil
        }
    }

    private mutating func part(until ends: StaticString) -> Part {
        let start = cursor.offset
        var variables = 0
        var others = 0
        while !cursor.isAtEnd, !isEndOfURL {
            let byte = cursor.peek()
            if ends.withUTF8Buffer({ $0.contains(byte) }) { break }
            if let length = lengthOfVariable {
                cursor.advance(length)
                variables += 1
            } else {
                cursor.advance()
                others += 1
            }
        }
        return Part(text: cursor.text(from: start), isVariable: variables == 1 && others == 0)
    }

    /// Signs that text around a URL has and a URL does not.
    private var isEndOfURL: Bool {
        let byte = cursor.peek()
        if byte <= 0x20 { return true }
        if byte == UInt8(ascii: "}") || byte == UInt8(ascii: ")") { return true }
        // Several hosts stand with commas between them; so do several URLs.
        if byte == UInt8(ascii: ",") { return isInPath || !cursor.peek(1).continuesName || isBeforeScheme }
        return "\"'`<>;|\\".utf8.contains(byte)
    }

    /// True if the next URL begins behind the sign that stands here.
    private var isBeforeScheme: Bool {
        var probe = cursor
        probe.advance()
        probe.advance { $0.isLetter || "+-.".utf8.contains($0) }
        return probe.isAt("://")
    }

    /// What begins and ends a variable in templates of all kinds.
    private static let templates: [(opening: StaticString, closing: StaticString)] = [
        ("\u{fffc}", ""), ("{{", "}}"), ("${{", "}}"), ("${", "}"), ("{", "}"), ("$(", ")"), ("%(", ")s"), ("%s", ""),
        ("%d", ""), ("%i", ""),
    ]

    /// `${NAME}`, `$NAME`, `{{ name }}`, `{name}`, `%(name)s`, `%s`, or a hole; nil if none stands here.
    private var lengthOfVariable: Int? {
        if cursor.peek() == UInt8(ascii: "$"), cursor.peek(1).beginsName {
            var length = 2
            while cursor.peek(length).continuesName { length += 1 }
            return length
        }
        guard let (opening, closing) = Self.templates.first(where: { cursor.isAt($0.opening) }) else { return nil }
        // It ends within a line of sensible length.
        var probe = cursor
        probe.advance(opening.utf8CodeUnitCount)
        while !probe.isAt(closing) {
            guard !probe.isAtEnd, probe.peek() != .newline, probe.offset - cursor.offset < 128 else { return nil }
            probe.advance()
        }
        return probe.offset + closing.utf8CodeUnitCount - cursor.offset
    }
}
