/// Texts that people and files hand to the configuration: what is surely no part of a setting is cut off, and what
/// could mean something else is refused.
///
/// | Text | Cut off | Refused |
/// |---|---|---|
/// | URL, host, port, user name | white space and line breaks at both ends | control characters inside |
/// | host | the brackets of an IPv6 address | white space, `/`, `@`, other brackets, a port |
/// | path of a socket or file | line breaks at its end | control characters |
/// | password | line breaks at its end | – |
///
/// A secret from a file ends with a line break more often than not; a password that does so on purpose is set in code.
enum ConfigurationText {
    /// Without white space and line breaks at both ends.
    static func trimmed(_ text: some StringProtocol) -> String {
        var text = Substring(text)
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }

    /// Without line breaks at its end; spaces may be a part of a path or a password.
    static func withoutLineEnd(_ text: String) -> String {
        var text = text[...]
        while text.last == "\n" || text.last == "\r" || text.last == "\r\n" { text.removeLast() }
        return String(text)
    }

    /// True if there is a NUL, a line break or another control character: C strings end at a NUL, lines at a line
    /// break, and terminals obey the others.
    static func hasControls(_ text: some StringProtocol) -> Bool {
        text.unicodeScalars.contains { $0.value < 0x20 || (0x7f..<0xa0).contains($0.value) }
    }

    /// The host, without the brackets that an IPv6 address has in a URL.
    static func host(_ text: String) -> String {
        let text = trimmed(text)
        guard text.hasPrefix("["), text.hasSuffix("]") else { return text }
        return String(text.dropFirst().dropLast())
    }

    /// What is wrong with a host, for a sentence that begins with its source; nil if nothing is.
    static func objection(toHost host: String) -> String? {
        if host.isEmpty { return "names no host" }
        if hasControls(host) || host.contains(where: \.isWhitespace) {
            return "has white space or a control character within the host"
        }
        if host.contains("/") || host.contains("@") { return "is no host alone: a whole URL belongs into REDIS_URL" }
        if host.contains("[") || host.contains("]") { return "has brackets that hold no IPv6 address" }
        if host.count(where: { $0 == ":" }) == 1 { return "has a port behind the host: set it as the port" }
        return nil
    }

    /// What is wrong with a path, for a sentence that begins with its source; nil if nothing is.
    static func objection(toPath path: String) -> String? {
        if path.isEmpty { return "names no path" }
        return hasControls(path) ? "has a control character within the path" : nil
    }

    /// Seconds in decimal, with a fraction or a power of ten if need be; nil for all that is no time a client can keep.
    static func seconds(_ text: String) -> Duration? {
        guard text.utf8.allSatisfy({ isDecimal($0) }), let seconds = Double(text),
            seconds >= leastSeconds, seconds <= mostSeconds
        else { return nil }
        return .seconds(seconds)
    }

    private static func isDecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"),
            UInt8(ascii: "+"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    /// A millisecond: less is no time to connect or to answer, and would round to none at all.
    static let leastSeconds = 0.001
    /// A day.
    static let mostSeconds = 86_400.0
}
