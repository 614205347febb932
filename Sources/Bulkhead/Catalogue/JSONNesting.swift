extension [UInt8] {
    /// True if these bytes, as JSON in UTF-8, have more brackets open than `levels` at any place.
    ///
    /// To be asked before FoundationEssentials parses them: it allows 512 levels, and traps where the text ends right
    /// behind the 513th bracket.
    package func nestsJSONDeeper(than levels: Int) -> Bool {
        var open = 0
        var isInString = false
        var isEscaped = false
        for byte in self {
            if isInString {
                isInString = isEscaped || byte != UInt8(ascii: "\"")
                isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "["), UInt8(ascii: "{"): open += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"): open -= 1
            default: continue
            }
            if open > levels { return true }
        }
        return false
    }
}
