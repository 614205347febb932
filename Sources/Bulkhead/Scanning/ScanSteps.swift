/// The COUNT of each step: as asked for, or as the pace wants it and at most as asked for.
struct ScanSteps: Sendable {
    private let count: Int?
    private var pacer: Pacer?
    private var begun = 0

    init(_ count: Int?, _ pace: RedisPace) {
        self.count = count
        pacer = pace == .full ? nil : Pacer(pace, most: count ?? PaceMachine.mostKeys)
    }

    mutating func begin() async -> Int? {
        guard let keys = await pacer?.begin() else { return count }
        begun = keys
        return keys
    }

    mutating func beginBlocking() -> Int? {
        guard let keys = pacer?.beginBlocking() else { return count }
        begun = keys
        return keys
    }

    mutating func end() { pacer?.end(keys: begun) }
}
