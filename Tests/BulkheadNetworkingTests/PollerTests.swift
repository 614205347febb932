@testable import BulkheadNetworking
import BulkheadTestSupport
import Foundation
import Synchronization
import Testing

/// Two ends of a conversation that no child process inherits.
private struct Pair: ~Copyable {
    let ours: Int32
    let theirs: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        #if canImport(Glibc)
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        #else
        let type = SOCK_STREAM
        #endif
        try #require(socketpair(AF_UNIX, type, 0, &ends) == 0)
        (ours, theirs) = (ends[0], ends[1])
    }

    func say(_ text: String) { _ = send(theirs, text, text.utf8.count, 0) }

    func hangUp() { shutdown(theirs, Int32(SHUT_RDWR)) }

    deinit {
        SystemCall.endSocket(ours)
        close(theirs)
    }
}

/// Is notified of watches, and counts them.
private final class Listener: SocketWatcher {
    private let poller: Poller
    private let received = Mutex<[Watch]>([])
    private let waiting = Mutex<UnsafeContinuation<Void, Never>?>(nil)

    init(_ poller: Poller) { self.poller = poller }

    var all: [Watch] { received.withLock(\.self) }

    func isOver(_ watch: Watch) {
        received.withLock { $0.append(watch) }
        waiting.withLock { $0.take() }?.resume()
    }

    @discardableResult
    func watch(_ descriptor: Int32, until kind: Readiness = .readable) -> Watch {
        let (watch, mustWake) = poller.watch(descriptor, until: kind, for: self)
        if mustWake { poller.wake() }
        return watch
    }

    /// Watches, does `body`, and returns when the watch is over.
    func receive(_ descriptor: Int32, _ kind: Readiness = .readable, after body: () -> Void) async -> Watch {
        var watch: Watch?
        await withUnsafeContinuation { continuation in
            waiting.withLock { $0 = continuation }
            watch = self.watch(descriptor, until: kind)
            body()
        }
        return watch!
    }
}

/// The system's best way to learn of sockets, the one that every system has, and the one that Darwin takes.
private let pollers = [Poller.shared, Poller(PollQueue()), Poller(DispatchSocketQueue())]

@Suite(.timeLimit(.minutes(10))) struct `The poller` {
    @Test(arguments: pollers) func `notifies once for each watch, with its own name`(_ poller: Poller) async throws {
        let pair = try Pair()
        let listener = Listener(poller)
        for round in 1...100 {
            let watch = listener.watch(pair.ours)
            if round == 1 { pair.say("x") }
            // What was not read is notified of again.
            #expect(await eventually { listener.all.count == round })
            #expect(listener.all.last == watch)
        }
        try await Task.sleep(for: .milliseconds(20))
        #expect(listener.all.count == 100)
    }

    @Test(arguments: pollers) func `notifies of room at once, and of bytes when they come`(_ poller: Poller)
        async throws
    {
        let pair = try Pair()
        let listener = Listener(poller)
        let reading = listener.watch(pair.ours)
        let writing = listener.watch(pair.ours, until: .writable)
        #expect(await eventually { listener.all == [writing] })
        pair.say("x")
        #expect(await eventually { listener.all == [writing, reading] })
    }

    @Test(arguments: pollers) func `notifies of a hang-up`(_ poller: Poller) async throws {
        for how in [SHUT_RDWR, SHUT_WR] {
            let pair = try Pair()
            let listener = Listener(poller)
            let watch = listener.watch(pair.ours)
            shutdown(pair.theirs, Int32(how))
            #expect(await eventually { listener.all == [watch] })
        }
    }

    @Test(arguments: pollers)
    func `says nothing of a watch that was called off, and its socket's number may be another's`(
        _ poller: Poller
    ) async throws {
        let listener = Listener(poller)
        for _ in 0..<100 {
            let pair = try Pair()
            let watch = listener.watch(pair.ours)
            poller.unwatch(watch)
            pair.say("x")
        }
        let pair = try Pair()
        let watch = listener.watch(pair.ours)
        pair.say("x")
        #expect(await eventually { listener.all == [watch] })
    }

    /// One life of a socket: watched for bytes and for room, called off, hung up, closed; its number is the next one's.
    private static func live(_ poller: Poller, _ random: inout SeededGenerator) async throws {
        let pair = try Pair()
        let (listener, other) = (Listener(poller), Listener(poller))
        for _ in 0..<Int.random(in: 1..<4, using: &random) {
            let calledOff = Bool.random(using: &random) ? other.watch(pair.ours, until: .writable) : nil
            var byte: UInt8 = 0
            let watch = await listener.receive(pair.ours) { pair.say("x") }
            #expect(listener.all.last == watch)
            #expect(recv(pair.ours, &byte, 1, 0) == 1)
            if let calledOff { poller.unwatch(calledOff) }
        }
        switch Int.random(in: 0..<3, using: &random) {
        case 0: _ = await listener.receive(pair.ours) { pair.hangUp() }
        case 1: _ = await listener.receive(pair.ours, .writable) { pair.hangUp() }
        default:
            let watch = listener.watch(pair.ours)
            if Bool.random(using: &random) { pair.hangUp() }
            poller.unwatch(watch)
        }
    }

    @Test(arguments: pollers)
    func `misses nobody among thousands who come, hang up, go and leave their numbers to others`(
        _ poller: Poller
    ) async throws {
        try await withThrowingTaskGroup { group in
            for number in 0..<8 {
                group.addTask {
                    var random = SeededGenerator(seed: UInt64(number))
                    for _ in 0..<1_000 { try await Self.live(poller, &random) }
                }
            }
            try await group.waitForAll()
        }
    }

    #if os(Linux)
    /// Time of this thread alone, in nanoseconds.
    private static var processorTime: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Nanoseconds that a thousand wake-ups for one socket cost.
    private static func cost(_ queue: EpollQueue, _ pair: borrowing Pair, _ listener: Listener) -> Int64 {
        var over: [(watch: Watch, watcher: any SocketWatcher)] = []
        let start = processorTime
        for _ in 0..<1_000 {
            _ = queue.add(pair.ours, until: .readable, listener)
            queue.wait(milliseconds: -1, &over)
        }
        #expect(over.count == 1_000)
        return processorTime - start
    }

    @Test func `pays nothing for sockets that are idle`() throws {
        let queue = try #require(EpollQueue())
        let listener = Listener(Poller.shared)
        let pair = try Pair()
        pair.say("x")
        let alone = (0..<5).map { _ in Self.cost(queue, pair, listener) }.min()!
        var ends: [Int32] = []
        defer { for end in ends { close(end) } }
        for _ in 0..<400 {
            var both: [Int32] = [-1, -1]
            try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &both) == 0)
            ends += both
            _ = queue.add(both[0], until: .readable, listener)
        }
        let crowded = (0..<5).map { _ in Self.cost(queue, pair, listener) }.min()!
        // By `poll` it is ten times as much and more.
        #expect(crowded < 3 * alone, "\(crowded) ns against \(alone) ns")
    }
    #endif
}
