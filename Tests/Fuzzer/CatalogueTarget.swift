import Bulkhead
import BulkheadBenchmarkSupport

/// The reader of catalogue files promises: it never traps; an error has its code and words; and what it accepts keeps
/// the rules of a catalogue.
enum CatalogueTarget {
    private static let names = [
        #""main""#, #""cache""#, #""knowledge""#, #""a.b-c_d""#, #""""#, #""a b""#, #""\u0061""#, #""é""#, #""A""#,
        #""e\u0301""#, #""main\u0000""#, "1", "null", "[]", #""x\ud800""#,
    ]
    private static let numbers = [
        "0", "1", "2", "3", "15", "2147483647", "2147483648", "-1", "-0", "1.5", "1e2", "1e400", "1E+2", "01", "0.0",
        "9223372036854775807", "9223372036854775808", "99999999999999999999999", #""0""#, "null", "true", "1e-400",
    ]
    private static let members = [
        #""purpose": "Vectors""#, #""purpose": null"#, #""key_patterns": ["session:*", "a"]"#, #""key_patterns": [1]"#,
        #""key_patterns": []"#, #""may_be_flushed": true"#, #""may_be_flushed": 1"#, #""alias_of": "main""#,
        #""alias_of": "cache""#, #""alias_of": null"#, #""alias_of": """#, #""x": 1"#, #""number": 1"#, #""name": "b""#,
        #""purpose": "\ud83d\ude00\n""#, #""purpose": "\ud83d""#, #""key_patterns": {"a": 1}"#,
        #""url": "redis://u:s3cret@h:1""#, #""url": "redis://h?max_leases=1""#, #""url": """#, #""url": null"#,
        #""budget": {"max_leases": 1, "max_waiters": 0, "max_requests": 9, "max_unwritten_bytes": 1}"#,
        #""budget": {"max_leases": 0}"#, #""budget": {"scan_pace": "gentle", "max_requests": null}"#,
        #""budget": {"scan_pace": "1e9us"}"#, #""budget": 1"#,
    ]
    private static let alphabet = Array(#"{}[]":,\/u0123456789.-+eE tfn"#.utf8) + [0, 0x0a, 0xff, 0xef, 0xbb, 0xbf]

    static func make(_ random: inout SeededGenerator) -> [UInt8] {
        Mutation.oftenChanged(file, alphabet: alphabet, &random)
    }

    private static func file(_ random: inout SeededGenerator) -> [UInt8] {
        if random.once(in: 40) {
            let open = random.pick(["[", #"{"databases":"#, #"{"databases":["#, #"{"a":{"#])
            return Array(String(repeating: open, count: 1 + random.below(2_000)).utf8)
        }
        let entries = (0..<random.below(5)).map { entry($0, &random) }
        let extra = random.once(in: 20) ? #", "x": 1"# : ""
        return Array(#"{"databases": [\#(entries.joined(separator: ", "))]\#(extra)}"#.utf8)
    }

    private static func entry(_ place: Int, _ random: inout SeededGenerator) -> String {
        // As it should be where nothing else is drawn: names and numbers that differ.
        let name = random.once(in: 6) ? random.pick(names) : #""db\#(place)""#
        let isAlias = place > 0 && random.once(in: 3)
        let number = random.once(in: 6) ? random.pick(numbers) : isAlias ? "0" : "\(place)"
        var parts = [#""name": \#(name)"#, #""number": \#(number)"#]
        if isAlias { parts.append(#""alias_of": "db\#(random.below(place))""#) }
        if random.once(in: 30) { parts.remove(at: random.below(2)) }
        for _ in 0..<random.below(3) where random.once(in: 3) {
            parts.insert(random.pick(members), at: random.below(parts.count + 1))
        }
        return "{\(parts.joined(separator: ", "))}"
    }

    static func check(_ input: Input) -> Verdict {
        do {
            let catalogue = try DatabaseCatalogue(json: input.bytes)
            return complaint(about: catalogue).map { .broken("accepted \($0)") } ?? .held("accepted")
        } catch {
            guard error.code == .invalidCatalogue, !error.message.isEmpty, error.stage == .refused,
                !error.message.contains("s3cret") || isMemberName(input.bytes)
            else {
                return .broken("refused with the code \(error.code)")
            }
            return .held("refused")
        }
    }

    /// A message names a member that nobody knows, and a mutation may have made one of the password.
    private static func isMemberName(_ bytes: [UInt8]) -> Bool {
        String(decoding: bytes, as: UTF8.self).contains(#""s3cret""#)
    }

    /// The rules of `DatabaseCatalogue`, told again.
    private static func complaint(about catalogue: DatabaseCatalogue) -> String? {
        let entries = catalogue.entries
        if entries.isEmpty { return "no entries" }
        let allowed = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.".utf8)
        var owners: Set<String> = []
        for entry in entries {
            let name = entry.name.text
            if name.isEmpty || !name.utf8.allSatisfy(allowed.contains) { return "the name \(name.debugDescription)" }
            if entries.count(where: { $0.name == entry.name }) != 1 { return "two entries named \(name)" }
            if !(0...Int(Int32.max)).contains(entry.number) { return "the number \(entry.number)" }
            if (try? catalogue[entry.name]) != entry { return "an entry that its name does not give" }
            if let alias = entry.aliasOf {
                guard let target = entries.first(where: { $0.name == alias }), target.aliasOf == nil,
                    target.name != entry.name, target.number == entry.number
                else { return "an alias of nothing, of an alias, or with another number" }
                if entry.server != nil || entry.budget != DatabaseBudget() { return "an alias with a budget or server" }
            } else if !owners.insert("\(entry.number) of \(entry.server?.address ?? "")").inserted {
                return "two names on one number"
            }
        }
        return nil
    }
}
