import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP

/// How a request is sent to a cluster.
enum ClusterPlan: Sendable {
    /// As one write, one command or one transaction, to the server of a slot; to any server where that is nil.
    case whole(HashSlot?)
    /// Each of its parts for itself, and their replies made one.
    case parts([Part], Merge)
    /// To every primary.
    case everywhere(Merge)
    /// To one primary after the other; the cursor says to which.
    case scan(ClusterScan)

    /// Commands that belong to one slot.
    struct Part: Sendable {
        var slot: HashSlot?
        var bytes: ArraySlice<UInt8>
        /// Where its reply's elements belong: the places of its keys among those of the command. Empty of a batch's.
        var places: [Int] = []
    }

    /// What becomes of several replies.
    enum Merge: Sendable {
        /// Each is one of the batch's, in the order of its parts.
        case inPlaces
        /// Their elements are those of one array.
        case elements(count: Int)
        case sum
        /// They are all the same, such as OK.
        case first
        /// One array of all.
        case concatenation

        /// By its name in the table; nil for none. `count` is the number of keys.
        init?(_ name: Substring, count: Int) {
            switch name {
            case "elements": self = .elements(count: count)
            case "sum": self = .sum
            case "first": self = .first
            case "concatenation": self = .concatenation
            default: return nil
            }
        }
    }

    /// Keys of other slots are other servers'.
    static func crossSlot(_ name: String) -> ConnectionFailure {
        ConnectionFailure(
            .crossSlot,
            "the keys of \(name) live in several slots of the cluster: give them the same tag, as in {user:1}:name and "
                + "{user:1}:mail, or ask for each by itself",
            stage: .refused)
    }

    /// Throws where a request cannot run on one server, and cannot be taken apart. Nothing was sent then.
    init(_ bytes: [UInt8], count: Int) throws(ConnectionFailure) {
        if count == 1 {
            self = try Self.ofOne(EncodedCommand(encoded: bytes))
            return
        }
        var parts: [Part] = []
        parts.reserveCapacity(count)
        var isTransaction = false
        for range in EncodedCommand.ranges(of: bytes) {
            if let slot = EncodedCommand.onlySlot(of: bytes, in: range) {
                parts.append(Part(slot: slot, bytes: bytes[range]))
                continue
            }
            let command = EncodedCommand(encoded: Array(bytes[range]))
            let slot: HashSlot?
            switch command.slot {
            case .any:
                slot = nil
                if command.name == "MULTI" { isTransaction = true }
            case .one(let one): slot = one
            case .several: throw Self.crossSlot(command.name)
            }
            parts.append(Part(slot: slot, bytes: bytes[range]))
        }
        guard isTransaction else {
            self = .parts(parts, .inPlaces)
            return
        }
        let slots = Set(parts.compactMap(\.slot))
        if slots.count > 1 { throw Self.crossSlot("the transaction") }
        self = .whole(slots.first)
    }

    /// The slot of everything, or nil within for commands without keys; nil where there are several. For what has a
    /// connection to itself: a command that blocks, or a transaction.
    var onlySlot: HashSlot?? {
        switch self {
        case .whole(let slot): return .some(slot)
        case .parts(let parts, .inPlaces):
            let slots = Set(parts.compactMap(\.slot))
            return slots.count > 1 ? nil : .some(slots.first)
        default: return nil
        }
    }

    private static func ofOne(_ command: EncodedCommand) throws(ConnectionFailure) -> ClusterPlan {
        switch command.slot {
        case .any:
            if command.name == "SCAN", let scan = ClusterScan(command.words) { return .scan(scan) }
            if let index = command.indexOfCursor { return .whole(HashSlot(ofKey: index)) }
            guard let entry = command.entry, let merge = Merge(entry.everywhere, count: 0) else { return .whole(nil) }
            return .everywhere(merge)
        case .one(let slot): return .whole(slot)
        case .several(let slots): return try apart(command, slots)
        }
    }

    /// One command a slot, each with its keys in their order.
    private static func apart(
        _ command: EncodedCommand, _ slots: [HashSlot]
    ) throws(ConnectionFailure) -> ClusterPlan {
        guard let entry = command.entry, let merge = Merge(entry.apart, count: slots.count) else {
            throw crossSlot(command.name)
        }
        let words = command.words
        let width = (words.count - 1) / slots.count
        // MSET with a key that has no value: the server says so.
        guard width * slots.count == words.count - 1 else { return .whole(slots[0]) }
        var parts: [HashSlot: (words: [ArraySlice<UInt8>], places: [Int])] = [:]
        for (place, slot) in slots.enumerated() {
            let first = 1 + place * width
            parts[slot, default: ([words[0]], [])].words += words[first..<(first + width)]
            parts[slot]?.places.append(place)
        }
        let sorted = parts.sorted { $0.value.places[0] < $1.value.places[0] }
        return .parts(
            sorted.map { Part(slot: $0.key, bytes: encoded($0.value.words)[...], places: $0.value.places) }, merge)
    }

    static func encoded(_ words: [ArraySlice<UInt8>]) -> [UInt8] {
        var encoder = RESPEncoder(capacity: words.reduce(16) { $0 + $1.count + 16 })
        encoder.command(String(decoding: words[0], as: UTF8.self), argumentCount: words.count)
        for word in words.dropFirst() { word.withUnsafeBytes { encoder.argument($0) } }
        return encoder.bytes
    }
}

extension ClusterPlan.Merge {
    /// The replies to a request from those to its parts. The first error of a command's parts is the command's.
    func replies(_ all: [RESPValue], to parts: [ClusterPlan.Part] = []) -> [RESPValue] {
        if case .inPlaces = self { return all }
        if let error = all.first(where: { $0.errorMessage != nil }) { return [error] }
        switch self {
        case .inPlaces, .first: return [all.first ?? .null]
        case .concatenation:
            return [.array(RESPArray(all.flatMap { $0.elements.map(Array.init) ?? [] }))]
        case .sum:
            let sum = all.reduce(Int64(0)) { sum, reply in
                if case .integer(let count) = reply { sum &+ count } else { sum }
            }
            return [.integer(sum)]
        case .elements(let count):
            var elements = [RESPValue](repeating: .null, count: count)
            for (part, reply) in zip(parts, all) {
                for (place, value) in zip(part.places, reply.elements ?? RESPArray()) { elements[place] = value }
            }
            return [.array(RESPArray(elements))]
        }
    }
}

extension EncodedCommand {
    /// The search index whose rows are read by a cursor. That is known to one server alone, so all commands of an index
    /// go to one: any will do, and its name chooses.
    fileprivate var indexOfCursor: [UInt8]? {
        guard name.hasPrefix("FT.") else { return nil }
        let words = words
        return switch name {
        case "FT.AGGREGATE" where words.count > 1: Array(words[1])
        case "FT.CURSOR" where words.count > 2: Array(words[2])
        default: nil
        }
    }
}
