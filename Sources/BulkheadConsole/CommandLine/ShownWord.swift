extension String {
    /// The word as a message may repeat it: of a URL, in which a password may stand, only what kind it is.
    package var inMessage: String {
        guard let sign = firstRange(of: "://") else { return self }
        return String(self[..<sign.upperBound]) + "…"
    }

    /// A text without the logins of the URLs in it: `redis://:secret@cache` becomes `redis://…@cache`.
    package var withoutLogins: String {
        var shown = ""
        var rest = self[...]
        while let sign = rest.firstRange(of: "://") {
            shown += rest[..<sign.upperBound]
            rest = rest[sign.upperBound...]
            // A password may hold an @ that nobody has encoded: the last one before the end of the word counts.
            let word = rest.prefix { !$0.isWhitespace && $0 != "'" && $0 != "\"" }
            guard let at = word.lastIndex(of: "@") else { continue }
            shown += "…"
            rest = rest[at...]
        }
        return shown + rest
    }

    /// As one word of a shell: as it is if nothing in it is special there.
    package var quotedForShell: String {
        let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,@%+")
        if !isEmpty, allSatisfy({ plain.contains($0) }) { return self }
        return "'" + split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
    }
}
