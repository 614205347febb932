import BulkheadTestSupport
import Synchronization
import Testing

@testable import BulkheadNetworking

@Suite(.timeLimit(.minutes(10))) struct `A watch over a name` {
    private final class Place: Sendable {
        let watch = Mutex<NameWatch?>(nil)
        let looks = Mutex(0)
    }

    /// The connection is in no table yet when the look-up asks who there is.
    @Test func `goes on for a connection that is made while the name is looked up`() async throws {
        let place = Place()
        var settings = ConnectionSettings(endpoint: .tcp(host: "cache.internal", port: 6379), database: 0)
        settings.resolve { _ in
            let looks = place.looks.withLock { looks in
                looks += 1
                return looks
            }
            if looks < 3 { place.watch.withLock(\.self)?.begin() }
            return []
        }
        let watch = try #require(NameWatch(of: settings, every: .milliseconds(10)))
        place.watch.withLock { $0 = watch }
        watch.begin()
        #expect(await eventually { place.looks.withLock(\.self) == 3 })
        place.watch.withLock { $0 = nil }
    }
}
