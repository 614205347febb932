/// Counts what is in a snapshot. It must be given every event.
package struct RDBSummary: Sendable {
    package private(set) var version: RDBVersion?
    /// Fields about the file and its server by their names; of one that comes again, the last. Without those past
    /// the limits: a snapshot may hold scripts and the slots of a cluster here.
    package private(set) var aux: [String: String] = [:]
    package private(set) var databases: [Int: RDBTally] = [:]
    /// Libraries of functions.
    package private(set) var functions = 0
    /// Bytes of data that modules keep beside the keys, by the names of its types.
    package private(set) var moduleData: [String: Int] = [:]
    package private(set) var checksum: RDBChecksum?
    /// The module type whose data comes next.
    private var dataOf: String?
    private var database = 0
    private var current = RDBTally()

    /// Fields that are kept, and the bytes one of them may have.
    static let mostAux = 64
    /// Types of modules that are counted each; the data of others is counted under ``restOfModules``.
    static let mostModules = 256
    package static let restOfModules = "others"
    static let longestAux = 1 << 10

    package init() {}

    /// The family of the server: Valkey before 9.0 names itself in a field alone.
    package var flavour: RDBVersion.Flavour? {
        aux["valkey-ver"] == nil ? version?.flavour : .valkey
    }

    /// Whether it is the first part of an append-only file, whose other parts hold what was written after it.
    package var isBaseOfAppendOnlyFile: Bool { aux["aof-base"] == "1" }

    package mutating func add(_ event: RDBEvent) {
        switch event {
        case .header(let version): self.version = version
        case .aux(let field): add(field)
        case .function: functions += 1
        case .selectDatabase(let number):
            keepCurrent()
            database = number
            current = databases[number] ?? RDBTally()
        case .entry(let entry): current.count(entry)
        case .end(let checksum):
            keepCurrent()
            self.checksum = checksum
        case .moduleAux(let id, let section):
            let isKnown = moduleData[id.name] != nil || moduleData.count < Self.mostModules
            let name = isKnown ? id.name : Self.restOfModules
            moduleData[name, default: 0] += section.head.count
            dataOf = name
        case .body(let bytes, let isLast):
            guard let name = dataOf else { return }
            moduleData[name, default: 0] += bytes.count
            if isLast { dataOf = nil }
        case .resizeDatabase, .slotInfo, .slotImport, .hashTemplate: break
        }
    }

    private mutating func keepCurrent() {
        if current.keys > 0 { databases[database] = current }
    }

    private mutating func add(_ field: RDBAux) {
        guard field.name.count + field.value.count <= Self.longestAux else { return }
        let name = String(decoding: field.name, as: UTF8.self)
        guard aux[name] != nil || aux.count < Self.mostAux else { return }
        aux[name] = String(decoding: field.value, as: UTF8.self)
    }
}
