import Bulkhead
import BulkheadConsole

extension Command {
    /// `bulkhead vectors`: the vectors of a database's hashes become a vector set.
    static let vectors = Command(
        name: "vectors",
        summary: "make a vector set of the vectors in a database's hashes",
        usage: [
            "bulkhead vectors NAME KEY --dry-run [--pattern GLOB] [--field FIELD]",
            "bulkhead vectors NAME KEY [--into NAME] [--attributes FIELD,FIELD]",
        ],
        about: """
            Looks at the hashes of NAME first, and counts their vectors by dimension. With --dry-run nothing else \
            happens; it also says if the target's server has no vector sets. Without it each vector becomes an element \
            of the vector set KEY, in the same database or in that of --into, with the hash's key as its name. The \
            hashes stay as they are. The target's server must have vector sets: Redis 8.0 or newer. In a cluster the \
            whole set is on one server, that of the slot of KEY.

            A second run does no harm: an element that exists gets its vector and attributes again. So run it again \
            after it was stopped, after hashes have changed, or after slots of a cluster have moved meanwhile. An \
            element whose hash is gone stays in the set.

            All vectors of a set have one dimension. If there are several, nothing is written until you choose one.
            """,
        flags: ServerSelection.flags + [
            .into, .matchedHashes, .vectorField, .vectorFormat, .attributeFields, .dimension,
            .quantization, .dryRun,
            .pace, .json, .quiet,
        ],
        operands: Operands(placeholder: "NAME KEY", count: 2...2, completion: .databases),
        examples: [
            Example(
                "Look at what LlamaIndex wrote:",
                "bulkhead vectors knowledge pages --pattern 'llama_index/*' --dry-run"),
            Example(
                "Make a set that filters can ask for the year:",
                "bulkhead vectors knowledge pages --pattern 'doc:*' --attributes year"),
        ],
        tables: [
            Table(
                title: "What is printed with --json",
                rows: [
                    ("from, into, key", "the two databases and the key of the set"),
                    ("hashes", "how many fit the pattern"),
                    ("dimensions", #"vectors of each: [{"dimension": 384, "count": 1204}]"#),
                    ("dimension", "that of the set; absent if none can be chosen"),
                    ("added, updated", "elements that are new, and that were there"),
                    ("skipped", "hashes without such a vector"),
                    ("elements", "how many the set has"),
                    ("dry_run", "true if nothing was to be written"),
                    ("refusal", "why nothing was written; absent otherwise"),
                ])
        ],
        run: runVectors)

    private static func runVectors(_ call: Call) async throws(ProgramFailure) -> ExitCode {
        let selection = try ServerSelection(call.arguments)
        let from = try selection.entry(call.arguments.operands[0])
        let into = try call.arguments.text(of: .into).map { word throws(ProgramFailure) in
            try selection.entry(word)
        }
        try selection.refuseUnusedURL([from] + (into.map { [$0] } ?? []), call.arguments)
        let options = try VectorConversion.Options(call.arguments)
        let databases = try selection.open([from] + (into.map { [$0] } ?? []))
        Interruption.watch()
        let (document, isWhole) = try await databases.closing { () async throws(ProgramFailure) in
            try await call.arguments.reaching { () async throws(RedisError) in
                let conversion = VectorConversion(
                    source: try databases[from.name], target: try databases[(into ?? from).name],
                    key: call.arguments.operands[1], options: options)
                return try await convert(conversion, call)
            }
        }
        try call.answer(document) { document.text(on: $0) }
        guard isWhole else {
            throw ProgramFailure(
                .failed,
                "\(call.program): stopped. Run it again to go on: what was written is written again, unharmed."
            )
        }
        return document.refusal == nil ? .done : .found
    }

    private static func convert(
        _ conversion: VectorConversion, _ call: Call
    ) async throws(RedisError) -> (VectorsDocument, isWhole: Bool) {
        var conversion = conversion
        try await refusePart(conversion.source, call)
        let target = try await conversion.lookAtTarget()
        var document = VectorsDocument(conversion, isDry: call.arguments.has(.dryRun))
        if let objection = target.objection, !document.isDry {
            throw RedisError(code: .commandRefused, message: objection, stage: .refused)
        }
        document.elements = target.elements
        let looking = call.progress(
            "vectors  looking", total: try await conversion.source.dbsize(), unit: "hashes")
        conversion.progress = { looking.update(done: $0) }
        let survey = try await conversion.survey()
        looking.end()
        document.take(survey)
        if Interruption.isRequested { return (document, false) }
        if survey.hashes == 0, let pattern = conversion.options.pattern {
            document.refusal = "no hash matches \(pattern) in \(document.from)"
            return (document, true)
        }
        let dimension: Int
        switch survey.dimension(wanted: conversion.options.dimension, ofSet: target.dimension) {
        case .success(let chosen): dimension = chosen
        case .failure(let obstacle):
            document.refusal = [obstacle.words, target.objection].compactMap(\.self).joined(separator: ". Also, ")
            return (document, true)
        }
        document.dimension = dimension
        document.refusal = target.objection
        if document.isDry { return (document, true) }
        let writing = call.progress(
            "vectors  writing", total: survey.dimensions[dimension], unit: "elements")
        conversion.progress = { writing.update(done: $0) }
        let counts = try await conversion.write(dimension: dimension)
        writing.end()
        document.take(counts)
        if counts.isWhole {
            document.elements = try await conversion.target.vcard(conversion.key)
        } else {
            document.elements = target.elements + counts.added
        }
        return (document, counts.isWhole)
    }

    /// What is converted is a whole database: a node of a cluster has a part of one.
    private static func refusePart(_ database: RedisDatabase, _ call: Call) async throws(RedisError) {
        let facts = try await ServerFacts(of: database)
        if let lag = facts.lag { call.say("\(call.program): the server of \(database.name) \(lag).") }
        let obstacle = facts.clusterObstacle(
            database.name, at: database.address, "a vector set of it",
            remedy: "Give the catalogue the cluster as such")
        if let obstacle { throw obstacle }
    }
}

extension VectorConversion.Options {
    /// As the flags say; throws a wrong call.
    init(_ arguments: Arguments) throws(ProgramFailure) {
        self.init()
        pattern = arguments.text(of: .matchedHashes)
        field = arguments.text(of: .vectorField) ?? field
        format = arguments.text(of: .vectorFormat) == "float64" ? .float64 : .float32
        attributes =
            arguments.text(of: .attributeFields).map { $0.split(separator: ",").map { String($0) } } ?? []
        dimension = arguments.integer(of: .dimension)
        quantization =
            switch arguments.text(of: .quantization) {
            case "none": .unquantized
            case "8bit": .eightBits
            case "binary": .binary
            default: nil
            }
        pace = try arguments.pace() ?? pace
    }
}

extension Flag {
    fileprivate static let into = Flag(
        "into", .text("NAME", .databases), "the database of the set; default: the same")
    fileprivate static let matchedHashes = Flag(
        "pattern", .text("GLOB"), "only hashes whose keys match, as in SCAN's MATCH")
    fileprivate static let vectorField = Flag(
        "field", .text("FIELD"), "the field of the vector; default: vector")
    fileprivate static let vectorFormat = Flag(
        "format", .choice(["float32", "float64"]),
        "how its numbers are written, little-endian; default: float32")
    fileprivate static let attributeFields = Flag(
        "attributes", .text("FIELD,FIELD"), "fields that become attributes, which filters can ask for")
    fileprivate static let dimension = Flag(
        "dimension", .positiveInteger("N"), "only vectors of so many numbers")
    fileprivate static let quantization = Flag(
        "quantization", .choice(["none", "8bit", "binary"]),
        "how a new set keeps numbers: all 32 bits, 8 bits (default), or one")
}
