/// Cuts databases out of a snapshot as it comes, each into a snapshot of its own.
///
/// Records are copied byte for byte, so the result has the version of its source and needs no more memory than the
/// source takes to read, whatever the size of its values. Feed bytes, take what the writers have, repeat.
///
/// | Of the source | In a result |
/// |---|---|
/// | AUX `redis-ver`, `valkey-ver`, `redis-bits`, `ctime` | kept |
/// | other AUX: `repl-id`, `used-mem`, `slot-info` … | left out: they speak of the source, not of its data |
/// | functions | kept if asked for: they belong to no database |
/// | hash templates | kept: hashes of any database may refer to them |
/// | the number of keys of the database | kept without a predicate: servers take it for a hint |
/// | keys of the database | kept if the predicate says so, and if they do not begin as those to leave out |
/// | data of a module that belongs to no key | kept if a kept key has its type, just before the first of these |
/// | slots of a cluster | left out |
///
/// A server started on a `repl-id` could resume a replication that it has no data for; and one without a module
/// refuses to load a snapshot with data of that module.
package struct RDBFilter: ~Copyable {
    /// One database to cut out.
    package struct Cut {
        /// Its number in the source.
        package var database: Int
        /// Its number in the result.
        package var number: Int
        package var hasFunctions: Bool
        /// Which keys are kept; nil for all.
        package var keeps: ((UnsafeRawBufferPointer) -> Bool)?
        /// How keys begin that are left out though they would be kept, and counted; empty for none.
        package var leftOut: [UInt8]

        package init(
            _ database: Int, as number: Int = 0, hasFunctions: Bool = false,
            keeps: ((UnsafeRawBufferPointer) -> Bool)? = nil, leavingOut leftOut: [UInt8] = []
        ) {
            self.database = database
            self.number = number
            self.hasFunctions = hasFunctions
            self.keeps = keeps
            self.leftOut = leftOut
        }

        fileprivate var chooses: Bool { keeps != nil || !leftOut.isEmpty }
    }

    /// What was written of one database.
    package struct Result {
        package fileprivate(set) var writer: RDBWriter
        package fileprivate(set) var tally = RDBTally()
        package fileprivate(set) var functions = 0
        /// Keys that would be kept but for how they begin.
        package fileprivate(set) var leftOut = 0

        // Its database is begun with its first key.
        fileprivate var hasBegun = false
        fileprivate var writtenModules: Set<UInt64> = []
    }

    /// Databases that are cut out in one go: as many as a set in one word holds.
    package static let mostCuts = 64
    /// Types of modules that may have data beside their keys; no server has so many.
    package static let mostHeldModules = 256

    package let cuts: [Cut]
    /// One for each cut, in their order; empty until the first nine bytes have come.
    package private(set) var results: [Result] = []

    private var reader: RDBReader
    private var size: (keys: Int, expires: Int)?
    /// The cuts that want the present database, and those of them that choose among its keys.
    private var wanting = CutSet()
    private var choosing = CutSet()
    /// Those that want the body that comes.
    private var receiving = CutSet()
    private var heldModules: [UInt64: HeldModule] = [:]
    private var heldBytes = 0
    /// The module whose data comes.
    private var holding: UInt64?

    // Most records stand one behind the other in the block that is lent: they are written together.
    private var lent = UnsafeRawBufferPointer(start: nil, count: 0)
    private var run = UnsafeRawBufferPointer(start: nil, count: 0)
    private var runReceivers = CutSet()

    private struct HeldModule {
        var records: [UInt8] = []
        var isTooLong = false
    }

    package init(_ cuts: [Cut], limits: RDBLimits = RDBLimits()) {
        precondition(cuts.count <= Self.mostCuts, "at most \(Self.mostCuts) databases are cut out in one go")
        self.cuts = cuts
        reader = RDBReader(limits: limits)
        select(0)
    }

    /// Bytes of data of modules that the source has and a result has not, by the names of their types: none of its keys
    /// is of such a type.
    package func moduleDataLeftOut(of cut: Int) -> [String: Int] {
        guard !results.isEmpty else { return source.moduleData }
        let written = Set(results[cut].writtenModules.map { RDBModuleID($0 << 10).name })
        return source.moduleData.filter { !written.contains($0.key) }
    }

    package var version: RDBVersion? { reader.version }
    /// Bytes of the source that were read: after its end, exactly those it has.
    package var consumed: Int { reader.consumed }
    package var hasEnded: Bool { reader.hasEnded }
    package private(set) var checksum: RDBChecksum?
    /// Keys of the source that have come, of every database.
    package private(set) var keys = 0
    /// What the source says of itself and its server in its AUX fields; keys are not counted in it.
    package private(set) var source = RDBSummary()

    /// Reads what is lent, all of it up to the end of the snapshot; how many bytes lie behind that.
    ///
    /// Throws the violation of the source; what has been written until then is no snapshot.
    package mutating func feed(_ bytes: UnsafeRawBufferPointer) throws(RDBViolation) -> Int {
        reader.feed(bytes)
        lent = bytes
        defer { writeRun() }
        while let event = try reader.next() { try take(event) }
        return reader.rest.count
    }

    /// Says that no more bytes will come: throws unless the source was whole and its checksum not wrong.
    package mutating func finish() throws(RDBViolation) { try reader.finish() }

    /// Exchanges what was written of a cut for an empty buffer: ``RDBWriter/take(into:)``.
    package mutating func take(_ cut: Int, into block: inout [UInt8]) {
        guard !results.isEmpty else { return block.removeAll(keepingCapacity: true) }
        results[cut].writer.take(into: &block)
    }

    // MARK: Events

    private mutating func take(_ event: RDBEvent) throws(RDBViolation) {
        switch event {
        case .entry(let entry): try take(entry)
        case .body(let bytes, let isLast):
            if holding != nil { source.add(event) }
            take(bytes, isLast)
        case .header(let version):
            source.add(event)
            results = cuts.map { _ in Result(writer: RDBWriter(version)) }
        case .aux(let field):
            source.add(event)
            guard Self.keptAux.contains(where: { field.name.elementsEqual($0.utf8) }) else { return }
            write(field.record, to: CutSet(cuts.indices))
        case .function(let section):
            receiving = CutSet(cuts.indices.filter { cuts[$0].hasFunctions })
            write(section.head, to: receiving)
            for cut in receiving { results[cut].functions += 1 }
        case .moduleAux(let id, let section):
            source.add(event)
            try begin(id.type, section)
        case .hashTemplate(let section):
            receiving = CutSet(cuts.indices)
            write(section.head, to: receiving)
        case .selectDatabase(let number): select(number)
        case .resizeDatabase(let keys, let expires): size = (keys, expires)
        case .slotImport: receiving = CutSet()
        case .slotInfo: break
        case .end(let checksum):
            self.checksum = checksum
            // What was made of a source that is not whole gets no end, so nobody takes it for a snapshot.
            guard checksum != .wrong else { return }
            writeRun()
            for cut in results.indices { results[cut].writer.end() }
        }
    }

    private static let keptAux = ["redis-ver", "valkey-ver", "redis-bits", "ctime"]

    private mutating func select(_ database: Int) {
        size = nil
        wanting = CutSet(cuts.indices.filter { cuts[$0].database == database })
        choosing = CutSet(wanting.filter { cuts[$0].chooses })
    }

    private mutating func take(_ entry: RDBEntry) throws(RDBViolation) {
        keys += 1
        receiving = wanting
        for cut in choosing {
            let isKept = cuts[cut].keeps?(entry.key) != false
            let isLeftOut = isKept && !cuts[cut].leftOut.isEmpty && entry.key.starts(with: cuts[cut].leftOut)
            if isLeftOut { results[cut].leftOut += 1 }
            if isLeftOut || !isKept { receiving.remove(cut) }
        }
        for cut in receiving {
            if !results[cut].hasBegun { begin(cut) }
            if let module = entry.module?.type { try writeData(of: module, to: cut) }
            results[cut].tally.count(entry)
        }
        write(entry.head, to: receiving)
    }

    private mutating func begin(_ cut: Int) {
        writeRun()
        results[cut].hasBegun = true
        results[cut].writer.select(cuts[cut].number, size: cuts[cut].keeps == nil ? size : nil)
    }

    private mutating func take(_ bytes: UnsafeRawBufferPointer, _ isLast: Bool) {
        write(bytes, to: receiving)
        guard let module = holding else { return }
        hold(bytes, of: module)
        if isLast { holding = nil }
    }

    // MARK: Writing

    private mutating func write(_ bytes: UnsafeRawBufferPointer, to receivers: CutSet) {
        // The reader's own memory is gone with its next step.
        let stays = lent.holds(bytes)
        if stays, receivers == runReceivers, run.isFollowed(by: bytes) {
            run = UnsafeRawBufferPointer(start: run.baseAddress, count: run.count + bytes.count)
            return
        }
        writeRun()
        guard !receivers.isEmpty else { return }
        run = bytes
        runReceivers = receivers
        if !stays { writeRun() }
    }

    private mutating func writeRun() {
        guard run.count > 0 else { return }
        for cut in runReceivers { results[cut].writer.body(run) }
        run = UnsafeRawBufferPointer(start: nil, count: 0)
    }

    // MARK: Data of modules

    /// Data of a module comes: straight to the results that have keys of it, and held for the others.
    private mutating func begin(_ module: UInt64, _ section: RDBSection) throws(RDBViolation) {
        guard heldModules[module] != nil || heldModules.count < Self.mostHeldModules else {
            throw RDBViolation(.tooLong, at: reader.consumed, "data of more than \(Self.mostHeldModules) module types")
        }
        receiving = CutSet(results.indices.filter { results[$0].writtenModules.contains(module) })
        write(section.head, to: receiving)
        holding = module
        hold(section.head, of: module)
    }

    private mutating func hold(_ bytes: UnsafeRawBufferPointer, of module: UInt64) {
        guard heldBytes + bytes.count <= reader.limits.moduleBytes else {
            heldBytes -= heldModules[module]?.records.count ?? 0
            heldModules[module] = HeldModule(isTooLong: true)
            return
        }
        guard heldModules[module]?.isTooLong != true else { return }
        heldModules[module, default: HeldModule()].records.append(contentsOf: bytes)
        heldBytes += bytes.count
    }

    private mutating func writeData(of module: UInt64, to cut: Int) throws(RDBViolation) {
        guard results[cut].writtenModules.insert(module).inserted, let held = heldModules[module] else { return }
        guard !held.isTooLong else {
            throw RDBViolation(
                .tooLong, at: reader.consumed,
                "the data of the module type \(RDBModuleID(module << 10).name) is more than is held back, "
                    + "\(reader.limits.moduleBytes) bytes, and a key that is kept may need it")
        }
        writeRun()
        held.records.withUnsafeBytes { results[cut].writer.body($0) }
    }
}

/// Some of the cuts, by their places.
private struct CutSet: Sequence, IteratorProtocol, Equatable {
    private var bits: UInt64 = 0

    init() {}

    init(_ cuts: some Sequence<Int>) {
        for cut in cuts { bits |= 1 << UInt64(cut) }
    }

    var isEmpty: Bool { bits == 0 }

    mutating func remove(_ cut: Int) { bits &= ~(1 << UInt64(cut)) }

    mutating func next() -> Int? {
        guard bits != 0 else { return nil }
        defer { bits &= bits - 1 }
        return bits.trailingZeroBitCount
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func isFollowed(by other: UnsafeRawBufferPointer) -> Bool {
        baseAddress.map { $0 + count } == other.baseAddress
    }

    fileprivate func holds(_ other: UnsafeRawBufferPointer) -> Bool {
        guard let start = baseAddress, let other = other.baseAddress else { return false }
        return other >= start && other < start + count
    }
}
