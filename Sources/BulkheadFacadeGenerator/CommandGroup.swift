/// One file of the table, `Lists.facts`, beside the functions of the same name that are written by hand.
struct CommandGroup {
    /// `Lists`
    let name: String
    /// Relative to the package.
    let path: String
    /// Whether its commands are of modules, which are a product of their own.
    let isOfModules: Bool
    let documentation: [String]
    let commands: [CommandFacts]

    /// The functions that the table describes: those of databases, or those of servers, each with its body; of caches
    /// only those that they can keep.
    func functions(
        ofServer: Bool, ofCache: Bool = false
    ) throws(GeneratorError) -> [(declaration: CommandFunction, body: [String])] {
        var functions: [(declaration: CommandFunction, body: [String])] = []
        for command in commands where command.isOfServer == ofServer && (!ofCache || command.isOfCache) {
            for function in command.functions {
                let builder = try FunctionBuilder(command, function, isOfModules: isOfModules)
                for (index, declaration) in try builder.declarations().enumerated() {
                    functions.append((declaration, try builder.body(isTwin: index > 0)))
                }
            }
        }
        return functions
    }
}

/// The whole table, and what is written by hand.
struct CommandBook {
    let groups: [CommandGroup]
    let families: [CommandFamily]

    /// Throws where the two contradict each other.
    init(groups: [CommandGroup], families: [CommandFamily]) throws(GeneratorError) {
        self.groups = groups
        var commands: [String: CommandFacts] = [:]
        var readings: [String: Bool] = [:]
        for command in groups.flatMap(\.commands) {
            if let other = commands.updateValue(command, forKey: command.name) {
                throw GeneratorError(place: command.place, problem: "\(command.name) stands at \(other.place) too")
            }
            for name in command.hand { readings[name] = command.isReading }
        }
        let written = families.flatMap(\.functions)
        for function in written where readings[function.name] == nil {
            throw GeneratorError(
                place: function.place, problem: "no command of the table says `hand \(function.name)`")
        }
        for command in groups.flatMap(\.commands) {
            for name in command.hand where !written.contains(where: { $0.name == name }) {
                throw GeneratorError(place: command.place, problem: "there is no function \(name)")
            }
        }
        self.families = families.map { family in
            var family = family
            for index in family.functions.indices {
                family.functions[index].isReading = readings[family.functions[index].name] == true
            }
            return family
        }
    }

    /// What a facade's files are written from: the functions of each group, those written by hand first.
    func families(of facade: Facade) throws(GeneratorError) -> [CommandFamily] {
        var result: [CommandFamily] =
            facade.isOfServer || facade.isOfCache
            ? []
            : families.filter { family in
                !groups.contains { $0.name == family.name }
            }
        let kept = Set(groups.flatMap(\.commands).filter(\.isOfCache).flatMap(\.hand))
        for group in groups where !facade.isOfCache || !group.isOfModules {
            let typed = try group.functions(ofServer: facade.isOfServer, ofCache: facade.isOfCache).map(\.declaration)
            let family = facade.isOfServer ? nil : families.first { $0.name == group.name }
            let written = (family?.functions ?? []).filter { !facade.isOfCache || kept.contains($0.name) }
            let functions = written + typed
            if functions.isEmpty { continue }
            var sources = [family?.path, typed.isEmpty ? nil : group.path].compactMap { $0 }
            // Two whole paths are too long for a line.
            if sources.count > 1 { sources = sources.compactMap { $0.split(separator: "/").last.map(String.init) } }
            result.append(
                CommandFamily(
                    name: group.name, path: sources.joined(separator: " and "),
                    documentation: family?.documentation ?? group.documentation, functions: functions,
                    isOfModules: group.isOfModules))
        }
        return result
    }

    /// The first sentence about a command, of the table or of the function written by hand.
    func sentence(of command: CommandFacts) -> String {
        if !command.sentence.isEmpty { return command.sentence }
        let hand = families.flatMap(\.functions).first { $0.name == command.hand.first }
        let text = (hand?.documentation ?? []).prefix { $0 != "///" }.map { $0.dropFirst(4) }.joined(separator: " ")
        return text.firstRange(of: ". ").map { String(text[..<$0.lowerBound]) + "." } ?? text
    }
}
