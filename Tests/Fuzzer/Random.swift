import BulkheadBenchmarkSupport

extension SeededGenerator {
    /// The generator of one input: a run can begin at any of them.
    init(seed: UInt64, input index: Int) {
        var mixed = SeededGenerator(seed: seed ^ UInt64(index) &* 0xd134_2543_de82_ef95)
        self.init(seed: mixed.next())
    }

    /// True once in `count` times.
    mutating func once(in count: Int) -> Bool { below(count) == 0 }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }
}
