import BulkheadBenchmarkSupport

extension SeededGenerator {
    /// The generator of one input: a run can begin at any of them.
    init(seed: UInt64, input index: Int) {
        var mixed = SeededGenerator(seed: seed ^ UInt64(index) &* 0xd134_2543_de82_ef95)
        self.init(seed: mixed.next())
    }

    /// A number below `bound`, without the cost of a perfectly fair one; 0 for a bound below 2.
    mutating func below(_ bound: Int) -> Int {
        bound < 2 ? 0 : Int(truncatingIfNeeded: next() >> 1) % bound
    }

    /// True once in `count` times.
    mutating func once(in count: Int) -> Bool { below(count) == 0 }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }
}
