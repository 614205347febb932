import Foundation
import Testing

@testable import BulkheadBenchmarkSupport

@Suite struct SpreadTests {
    @Test func `an odd number of samples has its middle one as the median`() throws {
        let spread = try #require(Spread([5, 1, 3]))
        #expect((spread.median, spread.min, spread.max) == (3, 1, 5))
    }

    @Test func `an even number of samples has the median halfway between the middle two`() throws {
        let spread = try #require(Spread([10, 1, 2, 4]))
        #expect((spread.median, spread.min, spread.max) == (3, 1, 10))
    }

    @Test func `one sample is its own median and ends`() throws {
        let spread = try #require(Spread([7]))
        #expect((spread.median, spread.min, spread.max) == (7, 7, 7))
    }

    @Test func `no samples, or one that is not a number, have no spread`() {
        #expect(Spread([]) == nil)
        #expect(Spread([1, .nan, 2]) == nil)
        #expect(Spread([.nan]) == nil)
    }

    @Test func `the median of huge samples stays finite`() throws {
        let huge = Double.greatestFiniteMagnitude
        #expect(try #require(Spread([huge, huge])).median == huge)
    }

    @Test func `the text is median (min–max) in the unit asked for`() throws {
        let spread = try #require(Spread([183_000, 171_400, 1_620_000]))
        #expect(spread.text(Units.duration) == "183 µs (171 µs–1.62 ms)")
        #expect(spread.text { Units.decimal($0 / 1_000, places: 1) } == "183.0 (171.4–1,620.0)")
    }

    @Test func `a spread is written as JSON with the names of its three numbers`() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let text = String(decoding: try encoder.encode(Spread([1, 2.5, 4])), as: UTF8.self)
        #expect(text == #"{"max":4,"median":2.5,"min":1}"#)
    }
}
