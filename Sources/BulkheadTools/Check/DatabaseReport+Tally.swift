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
    ///   - keys: what the server counted beforehand.
    ///   - expiring: the same for keys that expire; nil where nobody counted.
    ///   - drewAll: every key that was walked was to be looked at.
    ///   - call: the flags that lead another command to the same databases (``ServerSelection/call``).
    init(
        _ tally: DatabaseTally, of entry: DatabaseEntry, in catalogue: DatabaseCatalogue, keys: Int, expiring: Int?,
        isComplete: Bool, drewAll: Bool, failure: String? = nil, refusals: [String: String] = [:],
        call: String = ""
    ) {
        let homes = catalogue.entries.filter { catalogue.isSamePlace($0, entry) }
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

        let sample = tally.sample(of: keys, isComplete: isComplete, drewAll: drewAll)
        let timesLeft = TimeLeft.allCases.map { (bucket: $0, keys: sample.keys(found: tally.keys($0))) }
        let mortal = sample.keys(found: tally.looked - tally.keys(.never))
        self.expiring = sample.isWhole ? mortal : expiring.map { Estimate(exact: $0) } ?? mortal
        averageTimeLeft = sample.average(of: tally.timesLeft)
        memory = tally.bytes.count > 0 || sample.all == 0
            ? tally.sizeSample(sample).total(of: tally.bytes) : nil
        types = Self.types(of: tally, sample)
        encodings = Self.encodings(of: tally, sample)
        self.timesLeft = timesLeft.compactMap { bucket, keys in
            keys.map { TimeLeftRow(title: bucket.title, below: bucket.below, keys: $0) }
        }
        prefixes = Self.prefixes(of: tally)
        withoutPrefix = tally.withoutPrefix
        biggest = tally.biggest.keys.map {
            BiggestRow(key: ShownBytes($0.name), bytes: $0.bytes, type: $0.type, encoding: $0.encoding)
        }
        isBiggestCertain = sample.isWhole && tally.bytes.count == tally.looked
        misplaced = Self.misplaced(
            of: tally.misplacement, from: homes.isEmpty ? String(entry.number) : entry.name.text, call)
        atHome = tally.misplacement.placement.own.isEmpty ? nil : tally.misplacement.atHome
        nobodys = tally.misplacement.nobodys
    }

    private static func types(of tally: DatabaseTally, _ sample: SampleSize) -> [TypeRow] {
        let byType = Dictionary(grouping: tally.kinds) { $0.key.type }
        let rows = byType.compactMap { type, kinds -> TypeRow? in
            var sums = PowerSums()
            for kind in kinds { sums.add(kind.value.bytes) }
            return sample.keys(found: kinds.reduce(0) { $0 + $1.value.keys }).map {
                TypeRow(
                    type: type, keys: $0,
                    memory: sums.count > 0 ? tally.sizeSample(sample).total(of: sums) : nil)
            }
        }
        return rows.sorted { ($1.keys.value, $0.type) < ($0.keys.value, $1.type) }
    }

    private static func encodings(of tally: DatabaseTally, _ sample: SampleSize) -> [EncodingRow] {
        let rows = tally.kinds.compactMap { kind, found in
            sample.keys(found: found.keys).map { EncodingRow(type: kind.type, encoding: kind.encoding, keys: $0) }
        }
        return rows.sorted { ($1.keys.value, $0.type, $0.encoding) < ($0.keys.value, $1.type, $1.encoding) }
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
        of tally: MisplacementTally, from source: String, _ call: String
    ) -> [Misplaced] {
        let rows = zip(tally.placement.claims, tally.counts).filter { $1.keys > 0 }.map { claim, count in
            Misplaced(
                pattern: claim.pattern.text, belongsTo: claim.owner.text, keys: count.keys, atHome: count.atHome,
                examples: count.examples.map { ShownBytes($0) },
                command: "bulkhead migrate\(call) --from \(source) --to \(claim.owner) --pattern "
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
    fileprivate func sample(of keys: Int, isComplete: Bool, drewAll: Bool) -> SampleSize {
        if isComplete, drewAll { return SampleSize(looked: looked, of: looked) }
        let there = isComplete ? walked : max(walked, keys)
        // Of those that were to be looked at, some had gone; so it will be with the others.
        let stay = looked + gone > 0 ? Double(looked) / Double(looked + gone) : 1
        return SampleSize(looked: looked, of: Int(clamping: Double(there) * stay))
    }

    /// The same for sizes, which a server may refuse to tell.
    fileprivate func sizeSample(_ sample: SampleSize) -> SampleSize {
        SampleSize(looked: bytes.count, of: sample.all)
    }
}
