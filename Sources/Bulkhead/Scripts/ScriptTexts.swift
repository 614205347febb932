import BulkheadCommands
import BulkheadRESP

/// The texts of a batch's scripts, by the digests that its later calls name.
///
/// A cluster takes a batch apart, so that a call by digest may come to a server that never saw the text.
struct ScriptTexts: Sendable {
    /// A call of one of them.
    struct Call {
        let digest: String
        /// False of one by its text.
        let isByDigest: Bool
    }

    private var texts: [String: [UInt8]] = [:]
    private var digests: [[UInt8]: String] = [:]

    /// True if it is new.
    mutating func insert(_ text: [UInt8], _ digest: String) -> Bool {
        guard texts.updateValue(text, forKey: digest) == nil else { return false }
        digests[text] = digest
        return true
    }

    /// What a command calls; nil if it calls none of them.
    func call(_ command: ArraySlice<UInt8>) -> Call? {
        guard !texts.isEmpty, let words = Self.words(of: command), words.count > 1 else { return nil }
        switch Self.name(words) {
        case "EVAL", "EVAL_RO": return digests[Array(words[1])].map { Call(digest: $0, isByDigest: false) }
        case "EVALSHA", "EVALSHA_RO":
            let digest = String(decoding: words[1], as: UTF8.self)
            return texts[digest] == nil ? nil : Call(digest: digest, isByDigest: true)
        default: return nil
        }
    }

    /// A command as it runs at any server: a call by digest with the text instead.
    func byText(_ command: ArraySlice<UInt8>) -> [UInt8] {
        guard let call = call(command), call.isByDigest, let text = texts[call.digest],
            let words = Self.words(of: command)
        else { return Array(command) }
        let name = Self.name(words) == "EVALSHA" ? "EVAL" : "EVAL_RO"
        return ClusterPlan.encoded([Array(name.utf8)[...], text[...]] + words.dropFirst(2))
    }

    private static func words(of command: ArraySlice<UInt8>) -> [ArraySlice<UInt8>]? {
        var commands = EncodedCommands(Array(command))
        return commands.next()
    }

    private static func name(_ words: [ArraySlice<UInt8>]) -> String {
        String(decoding: words[0], as: UTF8.self)
    }
}

extension RESPValue {
    /// The server's whole sentence, because a script may answer an error that begins with the same word.
    var isOfUnknownScript: Bool { errorMessage?.starts(with: "NOSCRIPT No matching script".utf8) == true }
}
