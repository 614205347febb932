#if canImport(Darwin)
extension CPUPinning {
    /// Darwin has no core masks: its scheduler takes hints, and does not say which.
    static func readAllowedCores() -> [Int]? { nil }
}
#endif
