import BulkheadRDB

extension Command {
    /// `bulkhead rdb`: what is in a snapshot file.
    static let rdb = Command(
        name: "rdb",
        summary: "describe a snapshot file: databases, keys, types, checksum",
        usage: ["bulkhead rdb FILE", "bulkhead rdb - < FILE"],
        about: """
            Reads an RDB file of Redis or Valkey up to its checksum, and prints as JSON what it contains. It needs \
            no server and loads no values: a file of any size takes a few MiB of memory. A file that is damaged, \
            incomplete or of an unknown format is refused with exit code 65 and the position of the byte. Files that \
            Valkey compressed with LZ4 can be read. Append-only files, their manifests and other compressed files \
            are recognised and refused by name.
            """,
        operands: Operands(placeholder: "FILE", count: 1...1, completion: .files),
        examples: [
            Example("What is in the file of a server:", "bulkhead rdb /var/lib/redis/dump.rdb"),
            Example(
                "The smallest file there is, without a checksum:",
                #"printf 'REDIS0011\377\0\0\0\0\0\0\0\0' | bulkhead rdb - | grep sum"#,
                #"  "checksum" : "absent","#),
        ],
        tables: [
            Table(
                title: "What is printed",
                rows: [
                    ("version", "the number of the format, such as 11"),
                    ("flavour", "whose format and server: redis or valkey"),
                    ("aux", "what the server said of itself and the file, by name"),
                    ("databases", "number, keys, expires, types: how many keys, how many"),
                    ("", "of them with an expiry, and how many of each type"),
                    ("functions", "libraries of functions"),
                    ("module_data", "bytes of data that modules keep beside the keys, by type"),
                    ("bytes", "of the snapshot, decompressed"),
                    ("checksum", "ok; absent if the server writes none; bad (exit code 65)"),
                ])
        ],
        exitCodes: [.done, .usage, .badData, .ioFailed],
        run: runRDB)

    private static func runRDB(_ call: Call) async throws(ProgramFailure) -> ExitCode {
        let path = call.arguments.operands[0]
        let description =
            path == "-"
            ? try RDBDescription(reading: call.streams.input)
            : try Descriptor.withFile(path) { file throws(ProgramFailure) in try RDBDescription(reading: file) }
        try call.streams.output.writeJSON(description)
        if description.checksum == RDBChecksum.wrong.rawValue {
            throw ProgramFailure(.badData, "bulkhead rdb: \(path): the checksum does not match the bytes before it.")
        }
        return .done
    }
}

/// A whole snapshot, as JSON.
struct RDBDescription: Encodable {
    struct Database: Encodable {
        let number: Int
        let keys: Int
        let expires: Int
        let types: [String: Int]
    }

    let version: Int
    let flavour: String
    let aux: [String: String]
    let databases: [Database]
    let functions: Int
    let moduleData: [String: Int]
    let bytes: Int
    let checksum: String

    private enum CodingKeys: String, CodingKey {
        case version, flavour, aux, databases, functions, bytes, checksum
        case moduleData = "module_data"
    }

    /// Reads a snapshot to its end. Throws for a damaged one, and for bytes behind it.
    init(reading file: Descriptor) throws(ProgramFailure) {
        var reader = RDBReader()
        var summary = RDBSummary()
        var source = SnapshotSource(file)
        var tail = SnapshotTail()
        do {
            while let bytes = try source.next() {
                if reader.hasEnded {
                    tail.take(bytes)
                    continue
                }
                reader.feed(bytes)
                while !reader.hasEnded, let event = try reader.next() { summary.add(event) }
                tail.take(reader.rest)
            }
            if summary.checksum == nil { try reader.finish() }
            try tail.check(at: reader.consumed)
        } catch let violation as RDBViolation {
            throw ProgramFailure(.badData, "bulkhead rdb: \(file.name): \(violation).")
        } catch {
            throw error as? ProgramFailure ?? ProgramFailure(.failed, "bulkhead rdb: \(error)")
        }
        version = summary.version?.number ?? 0
        flavour = summary.flavour?.rawValue ?? ""
        aux = summary.aux
        databases = summary.databases.sorted { $0.key < $1.key }.map {
            Database(number: $0.key, keys: $0.value.keys, expires: $0.value.expires, types: $0.value.types)
        }
        functions = summary.functions
        moduleData = summary.moduleData
        bytes = reader.consumed
        checksum = (summary.checksum ?? .wrong).rawValue
    }
}
