import BulkheadCommands
import Foundation
import Testing

@testable import Bulkhead

private func cursor(_ number: Int) -> RedisScanCursor {
    // Cursors are made of replies only.
    try! JSONDecoder().decode(RedisScanCursor.self, from: Data(#"{"number":\#(number)}"#.utf8))
}

/// By value: which pages' cursors a scan goes on with.
@Suite struct ScanPlaceTests {
    private let early = ScanMark(attempts: 1)
    private let late = ScanMark(attempts: 2)
    private let second = cursor(2)
    private let third = cursor(3)

    /// A scan whose second page comes from the process `a`.
    private func scanOfSeveralPages() throws -> ScanPlace {
        var place = ScanPlace()
        let isCertain = place.take(second, at: early)
        #expect(!isCertain)
        try place.take(second, at: early, of: "a", until: early, in: .main)
        #expect(place.cursor == second)
        return place
    }

    @Test func `a scan of one page asks for no process`() {
        var place = ScanPlace()
        let isTaken = place.take(nil, at: early)
        #expect(isTaken && place.cursor == nil)
    }

    @Test func `a scan asks for the process once, as long as no connection is made`() throws {
        var place = try scanOfSeveralPages()
        let isTaken = place.take(third, at: early)
        #expect(isTaken && place.cursor == third)
    }

    @Test func `a scan goes on over a new connection to the same process`() throws {
        var place = try scanOfSeveralPages()
        let isCertain = place.take(third, at: late)
        #expect(!isCertain)
        try place.take(third, at: late, of: "a", until: late, in: .main)
        #expect(place.cursor == third)
        let isTaken = place.take(nil, at: late)
        #expect(isTaken && place.cursor == nil)
    }

    @Test func `a scan begins again in another process, also behind what looks like the last page`() throws {
        for next in [third, nil] {
            var place = try scanOfSeveralPages()
            let isCertain = place.take(next, at: late)
            #expect(!isCertain)
            try place.take(next, at: late, of: "b", until: late, in: .main)
            #expect(place.cursor == .start)
        }
    }

    @Test func `a scan begins again where the server may not say its process`() throws {
        var place = ScanPlace()
        try place.take(second, at: early, of: nil, until: early, in: .main)
        let goesOn = place.take(third, at: early)
        #expect(goesOn && place.cursor == third)
        try place.take(third, at: late, of: nil, until: late, in: .main)
        #expect(place.cursor == .start)
    }

    @Test func `a first page counts only if no connection was made until its process was known`() throws {
        var place = ScanPlace()
        try place.take(second, at: early, of: "a", until: late, in: .main)
        #expect(place.cursor == .start)
    }

    @Test func `a first page counts only if it came by the connections that its process was asked over`() throws {
        for (start, isTaken) in [(1, false), (2, true)] {
            var place = ScanPlace()
            place.begin(at: ScanMark(attempts: start))
            try place.take(second, at: late, of: "a", until: late, in: .main)
            #expect((place.cursor == second) == isTaken)
        }
        // The first of all is made for it.
        var place = ScanPlace()
        place.begin(at: ScanMark(attempts: 1, missing: 1))
        try place.take(second, at: late, of: "a", until: late, in: .main)
        #expect(place.cursor == second)
    }

    @Test func `a page that says its process counts by that alone`() throws {
        var place = ScanPlace()
        try place.take(second, of: "a", in: .main)
        try place.take(third, of: "a", in: .main)
        #expect(place.cursor == third)
        try place.take(nil, of: "b", in: .main)
        #expect(place.cursor == .start)
        try place.take(second, of: "b", in: .main)
        #expect(place.cursor == second)
    }

    @Test func `a scan that has begun ten times ends with an error`() throws {
        var place = ScanPlace()
        for attempts in 1..<ScanPlace.mostBeginnings {
            try place.take(
                second, at: ScanMark(attempts: attempts), of: nil, until: ScanMark(attempts: attempts + 1), in: .main)
            #expect(place.cursor == .start)
        }
        let error = #expect(throws: RedisError.self) {
            try place.take(second, at: early, of: nil, until: late, in: .main)
        }
        #expect(error?.code == .scanInterrupted && error?.database == .main)
    }

    @Test func `pages that come from several servers, or from a lease, are taken as they are`() {
        var place = ScanPlace()
        let isTaken = place.take(second, at: nil)
        #expect(isTaken && place.cursor == second)
    }
}
