import BulkheadBenchmarkSupport

/// What is fed.
enum Target: String, CaseIterable, Sendable {
    case decoder, snapshot, value, payload, handshake, url, catalogue

    /// The target of an input where all take part: 35, 15, 25, 5, 10, 5 and 5 of a hundred.
    private static func weighted(_ random: inout SeededGenerator) -> Target {
        switch random.below(20) {
        case 0: .url
        case 1: .catalogue
        case 2, 3: .handshake
        case 4: .payload
        case 5..<10: .value
        case 10..<13: .snapshot
        default: .decoder
        }
    }

    /// The input with this number of a run; `only` is the target, if it is not all of them.
    static func input(seed: UInt64, index: Int, only: Target?) -> Input {
        var random = SeededGenerator(seed: seed, input: index)
        let target = only ?? weighted(&random)
        let variant = random.next()
        let bytes =
            switch target {
            case .decoder: Conversation.make(&random)
            case .handshake: HandshakeAnswers.make(variant, &random)
            case .url: URLTarget.make(&random)
            case .catalogue: CatalogueTarget.make(&random)
            case .value: ValueTarget.make(&random)
            case .payload: PayloadTarget.make(&random)
            case .snapshot: Snapshots.make(&random)
            }
        return Input(target: target, variant: variant, bytes: bytes)
    }
}

extension Input {
    /// Feeds it and compares what happens with what is promised.
    func check() -> Verdict {
        switch target {
        case .decoder: DecoderTarget.check(self)
        case .handshake: HandshakeTarget.check(self)
        case .url: URLTarget.check(self)
        case .catalogue: CatalogueTarget.check(self)
        case .value: ValueTarget.check(self)
        case .payload: PayloadTarget.check(self)
        case .snapshot: SnapshotTarget.check(self)
        }
    }

    /// A smaller one that breaks a promise too: parts are left out as long as one still does.
    func shrunk(_ isBroken: (Input) -> Bool) -> Input {
        var smallest = self
        var size = max(1, bytes.count / 2)
        while true {
            var start = 0
            while start < smallest.bytes.count {
                var candidate = smallest
                candidate.bytes.removeSubrange(start..<min(start + size, candidate.bytes.count))
                if isBroken(candidate) { smallest = candidate } else { start += size }
            }
            if size == 1 { return smallest }
            size = max(1, size / 2)
        }
    }
}
