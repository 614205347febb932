/// Commands as one run of bytes, each with the form it was made of.
struct CommandSequence {
    private(set) var bytes: [UInt8] = []
    /// Where each command ends.
    private(set) var ends: [Int] = []
    /// Which form each is of.
    private(set) var forms: [Int] = []

    var count: Int { ends.count }

    mutating func append(_ command: some Collection<UInt8>, form: Int) {
        bytes += command
        ends.append(bytes.count)
        forms.append(form)
    }

    /// A command's bytes.
    func command(_ index: Int) -> ArraySlice<UInt8> { bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]] }

    /// Some of the commands, in their order.
    func choosing(_ indices: some Sequence<Int>) -> CommandSequence {
        var chosen = CommandSequence()
        for index in indices { chosen.append(command(index), form: forms[index]) }
        return chosen
    }

    /// A command's words.
    func words(_ index: Int) -> [[UInt8]] { Self.words(of: command(index)) }

    static func words(of command: ArraySlice<UInt8>) -> [[UInt8]] {
        var reader = WireReader(Array(command))
        return (try? reader.next())?.elements.map(\.text) ?? []
    }
}

/// Makes sequences of commands: the same for the same seed, forms and words.
struct SequenceGenerator {
    private let forms: [CommandForm]
    /// For a random number of 12 bits, the form.
    private var table: [Int] = []
    private let exec: Int?
    private let discard: Int?
    let pools: WordPools
    private var state: UInt64
    /// Grows with each identifier of a stream's entry, so that most are newer than what a stream has.
    private var lastEntry = 10
    private var isInTransaction = false

    init(_ forms: [CommandForm], _ pools: WordPools, seed: UInt64) {
        self.forms = forms
        self.pools = pools
        state = seed
        exec = forms.firstIndex { $0.role == .exec }
        discard = forms.firstIndex { $0.role == .discard }
        let total = forms.reduce(0) { $0 + $1.weight }
        let size = 1 << 14
        for (index, form) in forms.enumerated() {
            let places = max(1, Int((form.weight / total * Double(size)).rounded()))
            table += [Int](repeating: index, count: places)
        }
    }

    mutating func sequence(of count: Int) -> CommandSequence {
        var sequence = CommandSequence()
        var words: [UInt8] = []
        words.reserveCapacity(1 << 10)
        var command: [UInt8] = []
        while sequence.count < count {
            let index = nextForm()
            let form = forms[index]
            words.removeAll(keepingCapacity: true)
            var number = 0
            write(form.parts, to: &words, &number)
            if form.isNoisy, below(200) == 0 { spoil(&words, &number) }
            command.removeAll(keepingCapacity: true)
            command.append(UInt8(ascii: "*"))
            command += String(number).utf8
            command.append(UInt8(ascii: "\r"))
            command.append(UInt8(ascii: "\n"))
            command += words
            sequence.append(command, form: index)
        }
        return sequence
    }

    private mutating func nextForm() -> Int {
        if isInTransaction, let exec, let discard, below(8) == 0 {
            isInTransaction = false
            return below(6) == 0 ? discard : exec
        }
        while true {
            let index = table[below(table.count)]
            let form = forms[index]
            if form.isInTransactionsOnly, !isInTransaction { continue }
            if form.isOutsideOnly, isInTransaction { continue }
            switch form.role {
            case .none: break
            case .multi: isInTransaction = true
            case .exec, .discard: isInTransaction = false
            }
            return index
        }
    }

    private mutating func write(_ parts: [CommandForm.Part], to words: inout [UInt8], _ number: inout Int) {
        for part in parts { write(part, to: &words, &number) }
    }

    private mutating func write(_ part: CommandForm.Part, to words: inout [UInt8], _ number: inout Int) {
        switch part {
        case .word(let word):
            words += word
            number += 1
        case .placeholder(let kind):
            write(kind, to: &words)
            number += 1
        case .counted(let kind):
            let count = 1 + below(3)
            words += pools.counts[count]
            for _ in 0..<count { write(kind, to: &words) }
            number += count + 1
        case .choice(let choices): write(choices[below(choices.count)], to: &words, &number)
        case .option(let choices):
            if below(3) == 0 { write(choices[below(choices.count)], to: &words, &number) }
        case .repeated(let part):
            var count = 1
            while count < 4, below(5) < 2 { count += 1 }
            for _ in 0..<count { write(part, to: &words, &number) }
        }
    }

    /// Leaves one word out, or says one twice: what a server makes of a wrong call.
    private mutating func spoil(_ words: inout [UInt8], _ number: inout Int) {
        var reader = WireReader(Array("*\(number)\r\n".utf8) + words)
        guard let elements = (try? reader.next())?.elements, elements.count == number else { return }
        var texts = elements.map(\.text)
        let place = below(number)
        if place > 0, below(2) == 0 {
            texts.remove(at: place)
        } else {
            texts.insert(texts[place], at: place)
        }
        words = texts.flatMap { FormReader.wire($0) }
        number = texts.count
    }

    private mutating func write(_ kind: WordKind, to words: inout [UInt8]) {
        switch kind {
        case .newid:
            lastEntry += 1 + below(3)
            words += FormReader.wire(Array("\(lastEntry)-\(below(3))".utf8))
        case .newms:
            lastEntry += below(2)
            words += FormReader.wire(Array("\(lastEntry)-*".utf8))
        case .id:
            // Near what streams have, or none of them.
            let number = below(4) == 0 ? below(12) : max(0, lastEntry - below(60))
            words += FormReader.wire(Array((below(12) == 0 ? "\(number)" : "\(number)-\(below(3))").utf8))
        case .seconds, .fieldseconds:
            words += FormReader.wire(Array(String(1_000 + below(100_000_000)).utf8))
        case .milliseconds: words += FormReader.wire(Array(String(1_000_000 + below(1 << 40)).utf8))
        case .at: words += FormReader.wire(Array(String(4_000_000_000 + below(1_000_000_000)).utf8))
        case .atms: words += FormReader.wire(Array(String(4_000_000_000_000 + below(1 << 40)).utf8))
        case .longitude: words += FormReader.wire(Array("\(below(360_000) - 180_000)e-3".utf8))
        case .latitude: words += FormReader.wire(Array("\(below(170_000) - 85_000)e-3".utf8))
        case .any: words += pools.keys[below(pools.keys.count)]
        default:
            if kind.isKey, below(32) == 0 {
                words += pools.keys[below(pools.keys.count)]
            } else {
                words += pools.words[kind.rawValue][below(pools.words[kind.rawValue].count)]
            }
        }
    }

    // MARK: Numbers

    private mutating func below(_ bound: Int) -> Int {
        // SplitMix64 (Steele, Lea, Flood 2014): the same on every machine.
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int(truncatingIfNeeded: (mixed ^ (mixed >> 31)) >> 1) % max(1, bound)
    }
}
