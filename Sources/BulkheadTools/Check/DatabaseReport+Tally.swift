import Bulkhead

extension DatabaseReport {
    /// Prefixes listed, and parts of one listed below it.
    static let mostPrefixes = 10
    static let mostParts = 3
    /// A part is worth a line if it has this share of its prefix's keys.
    static let leastPart = 0.1

    /// What a walk has found in the database of `entry`.
    ///
    /// - Parameters:
    ///   - configuration: says where the names are that have no server of their own.
    ///   - keys: what the server counted beforehand.
    ///   - expiring: the same for keys that expire; nil where nobody counted.
    ///   - memoryLimit: what all keys take at most, as the server says; nil where it does not.
    ///   - drewAll: every key that was walked was to be looked at.
    ///   - serverFlags: the flags that lead another command to the same databases (``ServerSelection/serverFlags``).
    init(
        _ tally: DatabaseTally, of entry: DatabaseEntry, in catalogue: DatabaseCatalogue,
        by configuration: RedisConfiguration = .init(), keys: Int, expiring: Int?, memoryLimit: Int? = nil,
        isComplete: Bool, drewAll: Bool, failure: String? = nil, refusals: [String: String] = [:],
        serverFlags: String = ""
    ) {
        let homes = catalogue.entries.filter { catalogue.isSamePlace($0, entry, by: configuration) }
        name = entry.name.text
        number = entry.number
        aliases = homes.map(\.name.text).filter { $0 != entry.name.text }
        isNamed = !homes.isEmpty
        self.keys = keys
        walked = tally.walked
        looked = tally.looked
        gone = tally.gone
        self.isComplete = isComplete
        self.failure = failure
        self.refusals = refusals
        notes = tally.notes

        let sample = tally.sample(of: keys, isComplete: isComplete, drewAll: drewAll)
        population = sample.all
        hidden = tally.hiddenKeys(of: keys, isComplete: isComplete)
        if let expiring, keys > 0, !(sample.isWhole && tally.timed == tally.walked) {
            self.expiring = Estimate(exact: min(expiring, keys))
            expiringShare = Double(min(expiring, keys)) / Double(keys)
        } else if let timed = tally.part(tally.timed, of: sample) {
            self.expiring = timed.keys(found: tally.timed - tally.keys(.never))
            expiringShare = self.expiring.map { sample.all > 0 ? Double($0.value) / Double(sample.all) : 0 }
        }
        if let timed = tally.part(tally.timed, of: sample) {
            averageTimeLeft = timed.average(of: tally.timesLeft)
            timesLeft = TimeLeft.allCases.compactMap { bucket in
                timed.keys(found: tally.keys(bucket)).map {
                    TimeLeftRow(title: bucket.title, below: bucket.below, keys: $0)
                }
            }
        } else {
            timesLeft = []
        }
        let knowsSizes = isComplete && tally.isSized
        sized = tally.sizes.keys
        memorySeen = tally.sizes.keys > 0 || tally.walked == 0 ? tally.sizes.bytes : nil
        memory = knowsSizes ? Estimate(exact: tally.sizes.bytes) : tally.memory(of: keys, atMost: memoryLimit)
        types = Self.types(of: tally, sample, knowsSizes: knowsSizes)
        encodings = Self.encodings(of: tally, sample)
        prefixes = Self.prefixes(of: tally)
        withoutPrefix = tally.withoutPrefix
        biggest = tally.biggest.keys.map {
            BiggestRow(key: ShownBytes($0.name), bytes: $0.bytes, type: $0.type, encoding: $0.encoding)
        }
        isBiggestCertain = knowsSizes && tally.unsized.hidden == 0
        misplaced = Self.misplaced(
            of: tally.misplacement, from: homes.isEmpty ? String(entry.number) : entry.name.text, serverFlags)
        atHome = tally.misplacement.placement.own.isEmpty ? nil : tally.misplacement.atHome
        nobodys = tally.misplacement.nobodys
    }

    private static func types(of tally: DatabaseTally, _ sample: SampleSize, knowsSizes: Bool) -> [TypeRow] {
        guard let typed = tally.part(tally.typed, of: sample) else { return [] }
        let byType = Dictionary(grouping: tally.kinds) { $0.key.type }
        let rows = Set(byType.keys).union(tally.drawn.keys).compactMap { type -> TypeRow? in
            let kinds = byType[type]?.map(\.value) ?? []
            let drawn = tally.drawn[type] ?? DrawnSizes(unit: tally.sizeUnit)
            var memory: Estimate?
            if knowsSizes {
                memory =
                    typed.isWhole
                    ? Estimate(exact: kinds.reduce(0) { $0 + $1.bytes })
                    : drawn.total(atMost: tally.sizes.bytes)
            }
            return typed.keys(found: kinds.reduce(0) { $0 + $1.keys }).map { keys in
                // One that was too rare for the sample may have been drawn by its size.
                let keys =
                    typed.isWhole
                    ? keys : Estimate(max(keys.value, drawn.keys), max(keys.low, drawn.keys), keys.high)
                return TypeRow(type: type, keys: keys, memory: memory)
            }
        }
        return rows.sorted { ($1.keys.value, $0.type) < ($0.keys.value, $1.type) }
    }

    private static func encodings(of tally: DatabaseTally, _ sample: SampleSize) -> [EncodingRow] {
        guard tally.encoded > 0, let typed = tally.part(tally.typed, of: sample) else { return [] }
        let rows = tally.kinds.compactMap { kind, found in
            typed.keys(found: found.keys).map { EncodingRow(type: kind.type, encoding: kind.encoding, keys: $0) }
        }
        return rows.sorted {
            ($1.keys.value, $0.type, $0.encoding ?? "") < ($0.keys.value, $1.type, $1.encoding ?? "")
        }
    }

    private static func prefixes(of tally: DatabaseTally) -> [PrefixRow] {
        func row(_ entry: PrefixSketch.Entry, depth: Int) -> PrefixRow {
            let bytes = entry.looks > 0 ? Double(entry.bytes) / Double(entry.looks) * Double(entry.count) : nil
            return PrefixRow(
                prefix: ShownBytes(entry.prefix), depth: depth + 1, keys: entry.count,
                keysAtMost: entry.count + tally.prefixes[depth].shortBy, memory: bytes.map { Int(clamping: $0) })
        }
        func sorted(_ entries: [PrefixSketch.Entry]) -> [PrefixSketch.Entry] {
            entries.sorted {
                $0.count == $1.count ? $0.prefix.lexicographicallyPrecedes($1.prefix) : $0.count > $1.count
            }
        }
        return sorted(tally.prefixes[0].entries).prefix(mostPrefixes).flatMap { entry in
            let parts = tally.prefixes[1].entries.filter {
                Double($0.count) >= leastPart * Double(entry.count) && $0.prefix.starts(with: entry.prefix)
            }
            // A part that is all of its prefix says it all.
            if let only = parts.first, only.count >= entry.count { return [row(only, depth: 1)] }
            return [row(entry, depth: 0)] + sorted(parts).prefix(mostParts).map { row($0, depth: 1) }
        }
    }

    private static func misplaced(
        of tally: MisplacementTally, from source: String, _ serverFlags: String
    ) -> [Misplaced] {
        let rows = zip(tally.placement.claims, tally.counts).filter { $1.keys > 0 }.map { claim, count in
            Misplaced(
                pattern: claim.pattern.text, belongsTo: claim.owner.text, keys: count.keys, atHome: count.atHome,
                examples: count.examples.map { ShownBytes($0) },
                command: "bulkhead migrate\(serverFlags) --from \(source) --to \(claim.owner) --pattern "
                    + claim.pattern.text.quotedForShell)
        }
        return rows.sorted { ($1.keys, $0.pattern) < ($0.keys, $1.pattern) }
    }
}

extension DatabaseTally {
    func keys(_ bucket: TimeLeft) -> Int { byTimeLeft[bucket.rawValue] }

    /// How much of the database was looked at.
    ///
    /// What was walked stands for the rest: SCAN goes by the hashes of names, which know nothing of what they name.
    /// Hidden keys are left out: those that may be seen were not chosen at random.
    fileprivate func sample(of keys: Int, isComplete: Bool, drewAll: Bool) -> SampleSize {
        if isComplete, drewAll { return SampleSize(looked: looked, of: looked) }
        var there = isComplete ? walked : max(walked, keys)
        // Of those that were to be looked at, some had gone or are hidden; so it will be with the others.
        var asked = looked + gone + hidden
        // If every size was asked for, the number of hidden keys is known.
        if isComplete, isSized {
            there -= unsized.hidden
            asked -= hidden
        }
        let stay = asked > 0 ? Double(looked) / Double(asked) : 1
        return SampleSize(looked: looked, of: Int(clamping: Double(there) * stay))
    }

    /// The sample of the keys for which one thing is known; nil if it is known for none, though there were keys.
    fileprivate func part(_ count: Int, of sample: SampleSize) -> SampleSize? {
        count > 0 || walked == 0 ? SampleSize(looked: count, of: sample.all) : nil
    }

    /// The size of every key that was walked is known, except of those that were gone or are hidden.
    fileprivate var isSized: Bool {
        (sizes.keys > 0 || walked == unsized.gone) && sizes.keys + unsized.gone + unsized.hidden >= walked
    }

    /// The memory of all keys after a part of them: at least what was seen, at most what the server has; nil where it
    /// does not say.
    ///
    /// No sample could say less of the rest: one key may take more than all others.
    fileprivate func memory(of keys: Int, atMost limit: Int?) -> Estimate? {
        guard let limit, sizes.keys > 0 else { return nil }
        let each = Double(sizes.bytes) / Double(sizes.keys)
        let high = max(sizes.bytes, limit)
        let value = Int(clamping: each * Double(max(keys, walked)))
        return Estimate(min(max(value, sizes.bytes), high), sizes.bytes, high)
    }

    fileprivate func hiddenKeys(of keys: Int, isComplete: Bool) -> Estimate? {
        guard hidden + unsized.hidden > 0 else { return nil }
        if isComplete, isSized || sizes.keys + unsized.gone + unsized.hidden >= walked {
            return Estimate(exact: unsized.hidden)
        }
        return SampleSize(looked: looked + gone + hidden, of: max(walked, keys)).keys(found: hidden)
    }
}
