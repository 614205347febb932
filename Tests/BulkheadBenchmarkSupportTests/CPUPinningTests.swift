import Testing

@testable import BulkheadBenchmarkSupport

@Suite struct CPUPinningTests {
    @Test func `the text distinguishes pinned, free and unknown`() {
        #expect(CPUPinning(allowedCores: [1], coreCount: 2).text == "core 1 only, of 2")
        #expect(CPUPinning(allowedCores: [6, 3, 2, 0, 1], coreCount: 8).text == "cores 0–3,6 only, of 8")
        #expect(CPUPinning(allowedCores: [0, 1], coreCount: 2).text == "all 2")
        #expect(CPUPinning(allowedCores: nil, coreCount: 8).text == "unknown, of 8")
        #expect(CPUPinning(allowedCores: [0], coreCount: 0).text == "unknown, of an unknown number")
        #expect(CPUPinning(allowedCores: [0], coreCount: 0).isRestricted == nil)
    }

    @Test func `the kernel's list of cores is read exactly or not at all`() {
        #expect(CPUPinning.cores(inList: "0-3,6") == [0, 1, 2, 3, 6])
        #expect(CPUPinning.cores(inList: "1") == [1])
        for wrong in ["", "0-", "-", "3-1", "0,,1", "a", "0-1-2"] {
            #expect(CPUPinning.cores(inList: wrong) == nil, "\(wrong)")
        }
    }

    @Test func `this machine has a core, and on Linux this process may run on one`() throws {
        let pinning = CPUPinning.current()
        #expect(pinning.coreCount >= 1)
        #if os(Linux)
        let allowed = try #require(pinning.allowedCores)
        #expect(!allowed.isEmpty)
        #expect(allowed.count <= pinning.coreCount)
        #else
        #expect(pinning.allowedCores == nil)
        #endif
    }
}
