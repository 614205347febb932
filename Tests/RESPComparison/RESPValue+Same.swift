package import BulkheadRESP

extension RESPValue {
    /// Equal, where nan counts as equal to nan.
    package func isSame(as other: RESPValue) -> Bool {
        switch (self, other) {
        case (.double(let left), .double(let right)):
            left == right ? left.sign == right.sign : left.isNaN && right.isNaN
        case (.array(let left), .array(let right)), (.set(let left), .set(let right)),
            (.push(let left), .push(let right)):
            left.isSame(as: right)
        case (.map(let left), .map(let right)): left.flat.isSame(as: right.flat)
        case (.attribute(let left), .attribute(let right)):
            left.attributes.flat.isSame(as: right.attributes.flat) && left.value.isSame(as: right.value)
        default: self == other
        }
    }
}

extension RandomAccessCollection<RESPValue> where Index == Int {
    package func isSame(as others: some RandomAccessCollection<RESPValue>) -> Bool {
        count == others.count && zip(self, others).allSatisfy { $0.isSame(as: $1) }
    }
}
