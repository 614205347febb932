/// The shapes of one family's types as instructions in one array, so that a reader can stop at any byte of a value
/// with nothing but a place in it and the loops that are open there.
struct RDBProgram: Sendable {
    enum Instruction: Sendable {
        case string
        case length
        case bytes(Int)
        case score
        /// A length: so many times the instructions up to the `again` before `end`; none of them for 0.
        case each(end: Int)
        case again
        /// A length to be remembered, for `times`.
        case count
        /// The number of a template of this file; the count of its fields is remembered.
        case templateCount
        /// A listpack, whose count of elements is remembered.
        case listpackCount
        /// So many times as was remembered, the instructions up to the `again` before `end`.
        case times(end: Int)
        /// A number, and to the instruction of these that is for it; a number with none is a violation.
        case choice([Int])
        /// A module's opcode, and to the instruction that reads what follows it; past them all for 0.
        case moduleOpcode
        case jump(to: Int)
        /// The value is whole.
        case done
    }

    private(set) var instructions: [Instruction] = []
    /// Where the value of a type begins, and what it is; nil for types that are not read.
    private(set) var types: [(start: Int, kind: RDBKind)?] = Array(repeating: nil, count: 256)
    /// Where the code of a library begins.
    private(set) var functionStart = 0
    /// Where the name of a slot's import and its ranges begin.
    private(set) var slotImportStart = 0
    /// Where the data of a module that belongs to no key begins.
    private(set) var moduleAuxStart = 0
    /// Where the names of a template begin, whose count is remembered already.
    private(set) var hashTemplateStart = 0

    static func program(of flavour: RDBVersion.Flavour) -> RDBProgram {
        flavour == .redis ? redis : valkey
    }

    private static let redis = RDBProgram(.redis)
    private static let valkey = RDBProgram(.valkey)

    private init(_ flavour: RDBVersion.Flavour) {
        for rule in RDBTypeRule.rules(of: flavour) {
            types[Int(rule.code)] = (instructions.count, rule.kind)
            appendWhole(rule.shape)
        }
        functionStart = instructions.count
        appendWhole([.string])
        slotImportStart = instructions.count
        appendWhole([.string, .each([.length, .length])])
        moduleAuxStart = instructions.count
        appendWhole([.moduleValue])
        hashTemplateStart = instructions.count
        appendWhole([.times([.string])])
    }

    private mutating func appendWhole(_ shape: [RDBShape]) {
        for part in shape { append(part) }
        instructions.append(.done)
    }

    private mutating func append(_ part: RDBShape) {
        switch part {
        case .string: instructions.append(.string)
        case .length: instructions.append(.length)
        case .bytes(let count): instructions.append(.bytes(count))
        case .score: instructions.append(.score)
        case .each(let parts): appendLoop(of: parts) { .each(end: $0) }
        case .count: instructions.append(.count)
        case .templateCount: instructions.append(.templateCount)
        case .listpackCount: instructions.append(.listpackCount)
        case .times(let parts): appendLoop(of: parts) { .times(end: $0) }
        case .choice(let ways):
            let start = instructions.count
            instructions.append(.choice([]))
            var starts: [Int] = []
            var jumps: [Int] = []
            for way in ways {
                starts.append(instructions.count)
                for part in way { append(part) }
                jumps.append(instructions.count)
                instructions.append(.jump(to: 0))
            }
            for jump in jumps { instructions[jump] = .jump(to: instructions.count) }
            instructions[start] = .choice(starts)
        case .moduleValue:
            let start = instructions.count
            instructions.append(.moduleOpcode)
            for content in Self.moduleContents { instructions += [content, .jump(to: start)] }
        }
    }

    private mutating func appendLoop(of parts: [RDBShape], from first: (_ end: Int) -> Instruction) {
        let start = instructions.count
        instructions.append(first(0))
        for part in parts { append(part) }
        instructions.append(.again)
        instructions[start] = first(instructions.count)
    }

    // What stands behind the opcodes of a module from 1 on: two kinds of integers, a float, a double, a string.
    private static let moduleContents: [Instruction] = [.length, .length, .bytes(4), .bytes(8), .string]

    static let lastModuleOpcode = UInt64(moduleContents.count)

    /// The instruction behind the `moduleOpcode` at `step` that reads what this opcode announces; for 0, the one
    /// behind them all.
    static func step(after step: Int, opcode: Int) -> Int {
        opcode == 0 ? step + 1 + 2 * moduleContents.count : step + 1 + 2 * (opcode - 1)
    }
}
