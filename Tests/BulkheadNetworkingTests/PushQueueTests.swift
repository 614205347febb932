@testable import BulkheadNetworking
import BulkheadRESP
import BulkheadTestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A queue of pushed values` {
    private let lost = ConnectionFailure(.closedByServer, "lost")

    @Test func `gives what was kept in its order, and then the end, once`() async throws {
        let queue = PushQueue()
        for number in Int64(0)..<3 { #expect(queue.append(.integer(number))) }
        queue.end(lost)
        #expect(queue.append(.integer(3)), "behind the end nothing is too much")
        var reader = queue.makeAsyncIterator()
        for number in Int64(0)..<3 { #expect(try await reader.next() == .integer(number)) }
        await #expect(throws: lost) { try await reader.next() }
        #expect(try await reader.next() == nil)
        var another = queue.makeAsyncIterator()
        await #expect(throws: lost) { try await another.next() }
    }

    @Test func `wakes a reader who waits, and gives none of it twice to several`() async throws {
        let queue = PushQueue()
        let readers = (0..<4).map { _ in
            Task {
                var received: [RESPValue] = []
                do { for try await value in queue { received.append(value) } } catch { return received }
                return received
            }
        }
        for number in Int64(0)..<1_000 { while !queue.append(.integer(number)) { await Task.yield() } }
        queue.end(lost)
        var received: [RESPValue] = []
        for reader in readers { received += await reader.value }
        #expect(Set(received) == Set((Int64(0)..<1_000).map { .integer($0) }) && received.count == 1_000)
    }

    @Test func `lets a cancelled reader go, and keeps what it did not read for the next`() async throws {
        let queue = PushQueue()
        let reader = Task {
            var received = 0
            for try await _ in queue { received += 1 }
            return received
        }
        #expect(queue.append(.integer(1)))
        reader.cancel()
        let received = try await reader.value
        #expect(queue.append(.integer(2)))
        var next = queue.makeAsyncIterator()
        if received == 0 { #expect(try await next.next() == .integer(1)) }
        #expect(try await next.next() == .integer(2))
    }

    @Test func `takes no more than its bound, and goes on when it was read`() async throws {
        let queue = PushQueue()
        for _ in 0..<PushBacklog.mostValues { #expect(queue.append(.null)) }
        #expect(!queue.append(.null))
        var reader = queue.makeAsyncIterator()
        #expect(try await reader.next() == .null)
        #expect(queue.append(.null))
    }

    @Test func `ends as a place where messages may be missed, or as a connection that never was`() async throws {
        let nobody = AsyncConnection(.to("/tmp/nobody-listens-here"), keepsPushes: true)
        var failure: ConnectionFailure?
        do { for try await _ in try #require(nobody.pushes) {} } catch { failure = error as? ConnectionFailure }
        #expect(failure?.reason == .connectFailed && failure?.stage == .connecting)
        let seen = lost.ofPushes(wasConnected: true)
        #expect(seen.reason == lost.reason && !seen.stage.isSafeToRetry)
        #expect(seen.message.hasPrefix("lost") && seen.message.contains("may be missed"))
    }
}
