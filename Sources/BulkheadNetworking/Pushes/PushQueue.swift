package import BulkheadRESP
import Synchronization

/// Pushed values on their way from the connection, which appends them, to a task that reads them in their order.
///
/// It ends by throwing the connection's failure, behind what was kept. A cancelled reader gets nil, and what it did not
/// read stays for the next. Several readers take turns.
package final class PushQueue: AsyncSequence, Sendable {
    package typealias Element = RESPValue
    package typealias Failure = ConnectionFailure

    private struct State: Sendable {
        var backlog = PushBacklog()
        var readers: [Reader] = []
        var newestReader = 0
        var end: ConnectionFailure?

        /// What a reader has at once; nil if it must wait.
        var next: Result<RESPValue?, ConnectionFailure>? {
            mutating get {
                if Task.isCancelled { return .success(nil) }
                if let value = backlog.popFirst() { return .success(value) }
                return end.map { .failure($0) }
            }
        }
    }

    private struct Reader: Sendable {
        let number: Int
        let caller: Suspended<Result<RESPValue?, ConnectionFailure>>
    }

    private let state = Mutex(State())

    package init() {}

    /// Gives a detached copy of one more value to a reader who waits, or keeps it; false if too many are kept.
    func append(_ value: RESPValue) -> Bool {
        let (reader, isTaken): (Reader?, Bool) = state.withLock { state in
            if state.end != nil { return (nil, true) }
            if state.readers.isEmpty { return (nil, state.backlog.append(value)) }
            return (state.readers.removeFirst(), true)
        }
        reader?.caller.resume(returning: .success(value.detached()))
        return isTaken
    }

    /// Nothing comes any more; the first failure counts.
    func end(_ failure: ConnectionFailure) {
        let readers = state.withLock { state in
            state.end = state.end ?? failure
            defer { state.readers = [] }
            return state.readers
        }
        for reader in readers { reader.caller.resume(returning: .failure(failure)) }
    }

    /// The next value; nil if the task is cancelled.
    fileprivate func next() async -> Result<RESPValue?, ConnectionFailure> {
        if let now = state.withLock({ $0.next }) { return now }
        let number = state.withLock { state in
            state.newestReader += 1
            return state.newestReader
        }
        return await suspend { caller in
            let now = state.withLock { state in
                let now = state.next
                if now == nil { state.readers.append(Reader(number: number, caller: caller)) }
                return now
            }
            if let now { caller.resume(returning: now) }
        } onCancel: {
            let reader = state.withLock { state in
                state.readers.firstIndex { $0.number == number }.map { state.readers.remove(at: $0) }
            }
            reader?.caller.resume(returning: .success(nil))
        }
    }

    package func makeAsyncIterator() -> Iterator { Iterator(queue: self) }

    package struct Iterator: AsyncIteratorProtocol {
        private let queue: PushQueue
        private var isOver = false

        fileprivate init(queue: PushQueue) { self.queue = queue }

        package mutating func next() async throws(ConnectionFailure) -> RESPValue? {
            if isOver { return nil }
            let next = await queue.next()
            if case .success(.some) = next {} else { isOver = true }
            return try next.get()
        }
    }
}

extension ConnectionFailure {
    /// The end of a connection as a reader of its pushes sees it. What the server sent or would have sent is missed,
    /// and nobody knows what that was; only where there never was a connection it is nothing.
    func ofPushes(wasConnected: Bool) -> ConnectionFailure {
        guard wasConnected else { return at(.connecting) }
        return ConnectionFailure(
            reason, "\(message); messages may be missed until another connection subscribes",
            stage: .sent)
    }
}
