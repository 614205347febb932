import Foundation
import Testing

@testable import BulkheadBenchmarkSupport

@Suite struct ProgressLineTests {
    private let second: Int64 = 1_000_000_000

    @Test func `elsewhere than on a terminal each step is a line of its own`() {
        var progress = ProgressLine("isolation", steps: 4, onTerminal: false, now: 100)
        #expect(progress.update(done: 0, "one server", now: 100) == "isolation: 0 of 4, one server\n")
        #expect(progress.update(done: 1, now: 100 + 10 * second) == "isolation: 1 of 4, 0:30 left\n")
        #expect(progress.update(done: 4, now: 100 + 40 * second) == "isolation: 4 of 4\n")
        #expect(progress.end() == "")
    }

    @Test func `the remaining time follows from the mean of the steps so far`() {
        var progress = ProgressLine("x", steps: 10, onTerminal: false, now: 0)
        #expect(progress.update(done: 4, now: 400 * second) == "x: 4 of 10, 10:00 left\n")
        #expect(progress.update(done: 5, now: 800 * second) == "x: 5 of 10, 13:20 left\n")
    }

    @Test func `on a terminal a text covers the one before it`() {
        var progress = ProgressLine("x", steps: 4, onTerminal: true, now: 0)
        #expect(progress.update(done: 0, "long note", now: 0) == "\rx: 0 of 4, long note")
        #expect(progress.update(done: 0, now: 0) == "\rx: 0 of 4           ")
        #expect(progress.update(done: 4, now: 0) == "\rx: 4 of 4")
        #expect(progress.end() == "\r         \r")
        #expect(progress.end() == "")
    }

    @Test func `a line on a terminal never reaches its last column`() {
        var progress = ProgressLine("x", steps: 4, onTerminal: true, now: 0)
        let note = String(repeating: "n", count: 200)
        #expect(progress.update(done: 0, note, now: 0, columns: 80).count == 1 + 79)
        #expect(progress.update(done: 0, note, now: 0, columns: 50).count == 1 + 49)
    }
}

@Suite struct TerminalTests {
    @Test func `what is written reaches the descriptor byte for byte`() throws {
        let pipe = Pipe()
        #expect(Terminal.write("1.62 ms, 183 µs\n", to: pipe.fileHandleForWriting.fileDescriptor))
        #expect(Terminal.write("", to: pipe.fileHandleForWriting.fileDescriptor))
        try pipe.fileHandleForWriting.close()
        #expect(try pipe.fileHandleForReading.readToEnd() == Data("1.62 ms, 183 µs\n".utf8))
    }

    @Test func `what cannot be written is dropped`() {
        #expect(!Terminal.write("lost", to: -1))
    }
}
