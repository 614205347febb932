/// One file of the table, `Lists.facts`.
struct CommandGroup {
    /// `Lists`
    let name: String
    /// Relative to the package.
    let path: String
    /// Whether its commands are of modules, which are a product of their own.
    let isOfModules: Bool
    let documentation: [String]
    let commands: [CommandFacts]

    /// The functions that the table describes: those of databases, or those of servers, each with its body.
    func functions(ofServer: Bool) throws(GeneratorError) -> [(declaration: CommandFunction, body: [String])] {
        try functions { $0.isOfServer == ofServer }
    }

    /// Those that a facade has.
    func functions(of facade: Facade) throws(GeneratorError) -> [CommandFunction] {
        try functions { command in
            command.isOfServer == facade.isOfServer && command.isOfConnection == facade.isOfConnection
                && (!facade.isOfCache || command.isOfCache)
        }.map(\.declaration)
    }

    private func functions(
        where isWanted: (CommandFacts) -> Bool
    ) throws(GeneratorError) -> [(declaration: CommandFunction, body: [String])] {
        var functions: [(declaration: CommandFunction, body: [String])] = []
        for command in commands where isWanted(command) {
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

/// The whole table.
struct CommandBook {
    let groups: [CommandGroup]

    /// Throws if a command stands in it twice.
    init(groups: [CommandGroup]) throws(GeneratorError) {
        self.groups = groups
        var commands: [String: CommandFacts] = [:]
        for command in groups.flatMap(\.commands) {
            if let other = commands.updateValue(command, forKey: command.name) {
                throw GeneratorError(place: command.place, problem: "\(command.name) stands at \(other.place) too")
            }
        }
    }

    /// What a facade's files are written from: the functions of each group.
    func families(of facade: Facade) throws(GeneratorError) -> [CommandFamily] {
        var result: [CommandFamily] = []
        for group in groups where !facade.isOfCache || !group.isOfModules {
            let functions = try group.functions(of: facade)
            if functions.isEmpty { continue }
            result.append(
                CommandFamily(
                    name: group.name, path: group.path, documentation: group.documentation,
                    functions: functions, isOfModules: group.isOfModules))
        }
        return result
    }
}
