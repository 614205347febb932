import BulkheadRESP
import BulkheadTestSupport
import Testing

@testable import BulkheadNetworking

@Suite(.timeLimit(.minutes(10))) struct `What a subscriber has not read yet` {
    private let lost = SubscriptionFailure.connection(ConnectionFailure(.closedByServer, "lost"))

    private func message(_ text: String) -> PushedMessage {
        let elements: RESPArray = [.bulkString("message"), .bulkString("news"), .bulkString(RESPBytes(text))]
        return PushedMessage(elements, .message, for: SubscriptionSubject(.channel, "news"))!
    }

    private func words(_ events: [SubscriptionEvent]) -> [String] {
        events.map { event in
            switch event {
            case .message(let message): String(decoding: message.content.bytes!, as: UTF8.self)
            case .gap: "gap"
            case .overflow(let count): "\(count) lost"
            }
        }
    }

    private func all(_ backlog: inout MessageBacklog) -> [String] {
        var events: [SubscriptionEvent] = []
        while let event = backlog.popFirst() { events.append(event) }
        return words(events)
    }

    @Test func `is bounded: what is too much is counted, and reported after what is kept`() {
        var backlog = MessageBacklog(mostMessages: 2)
        for text in ["a", "b", "c", "d"] { backlog.append(message(text)) }
        #expect(words([backlog.popFirst()!]) == ["a"])
        backlog.append(message("e"))
        #expect(all(&backlog) == ["b", "3 lost"])
        backlog.append(message("f"))
        #expect(all(&backlog) == ["f"])
        #expect(backlog.bytes == 0)
    }

    @Test func `has a gap where the connection was lost, one for several in a row, and one behind an overflow`() {
        var backlog = MessageBacklog(mostMessages: 2)
        for _ in 0..<3 { backlog.appendGap(lost) }
        backlog.append(message("a"))
        backlog.appendGap(lost)
        backlog.append(message("b"))
        backlog.appendGap(lost)
        backlog.append(message("c"))
        #expect(all(&backlog) == ["gap", "a", "gap", "2 lost", "gap"])
    }

    @Test func `is bounded in bytes, a single message apart`() {
        var backlog = MessageBacklog(mostMessages: 1_000)
        let large = message(String(repeating: "x", count: MessageBacklog.mostBytes))
        backlog.append(large)
        backlog.append(message("b"))
        #expect(backlog.popFirst() == .message(large))
        #expect(all(&backlog) == ["1 lost"])
    }

    @Test func `wakes tasks and threads that wait, and gives nothing twice`() async {
        let queue = MessageQueue(mostMessages: 10_000)
        let tasks = (0..<2).map { _ in
            Task {
                var received: [SubscriptionEvent] = []
                while case .success(let event?) = await queue.next() { received.append(event) }
                return received
            }
        }
        let threads = (0..<2).map { _ in
            Task {
                await onThread {
                    var received: [SubscriptionEvent] = []
                    while true {
                        switch queue.next(timeout: .milliseconds(1)) {
                        case .success(.event(let event)): received.append(event)
                        case .success(.timedOut): continue
                        default: return received
                        }
                    }
                }
            }
        }
        for number in 0..<2_000 {
            queue.append(message("\(number)"))
            if number % 100 == 0 { await Task.yield() }
        }
        queue.end(nil)
        var received: [SubscriptionEvent] = []
        for reader in tasks + threads { received += await reader.value }
        #expect(received.count == 2_000)
        #expect(Set(words(received)) == Set((0..<2_000).map(String.init)))
    }

    @Test func `gives the failure once, behind what is kept, and then the end`() async {
        let queue = MessageQueue(mostMessages: 2)
        queue.append(message("a"))
        queue.end(lost)
        queue.append(message("b"))
        #expect(await queue.next() == .success(.message(message("a"))))
        #expect(await queue.next() == .failure(lost))
        #expect(await queue.next() == .success(nil))
        #expect(queue.next(timeout: nil) == .success(.ended))
    }

    @Test func `lets a cancelled reader go, and keeps what comes for the next`() async {
        let queue = MessageQueue(mostMessages: 2)
        let reader = Task { await queue.next() }
        reader.cancel()
        #expect(await reader.value == .success(nil))
        queue.append(message("a"))
        #expect(await queue.next() == .success(.message(message("a"))))
        #expect(queue.next(timeout: .zero) == .success(.timedOut))
    }
}
