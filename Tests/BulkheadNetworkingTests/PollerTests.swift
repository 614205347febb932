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

/// Who hears of watches, and says how often.
private final class Listener: SocketWatcher {
    private let heard = Mutex<[Watch]>([])
    private let waiting = Mutex<UnsafeContinuation<Void, Never>?>(nil)

    var all: [Watch] { heard.withLock(\.self) }

    func isOver(_ watch: Watch) {
        heard.withLock { $0.append(watch) }
        waiting.withLock { $0.take() }?.resume()
    }

    @discardableResult
    func watch(_ descriptor: Int32, until kind: Readiness = .readable) -> Watch {
        let (watch, mustWake) = Poller.shared.watch(descriptor, until: kind, for: self)
        if mustWake { Poller.shared.wake() }
        return watch
    }

    /// Watches, does `body`, and returns when the watch is over.
    func hear(_ descriptor: Int32, _ kind: Readiness = .readable, after body: () -> Void) async -> Watch {
        var watch: Watch?
        await withUnsafeContinuation { continuation in
            waiting.withLock { $0 = continuation }
            watch = self.watch(descriptor, until: kind)
            body()
        }
        return watch!
    }
}

@Suite(.timeLimit(.minutes(5))) struct `The poller` {
    @Test func `tells once of each watch, with its own name`() async throws {
        let pair = try Pair()
        let listener = Listener()
        for round in 1...100 {
            let watch = listener.watch(pair.ours)
            if round == 1 { pair.say("x") }
            // What was not read is told of again.
            #expect(await eventually { listener.all.count == round })
            #expect(listener.all.last == watch)
        }
        try await Task.sleep(for: .milliseconds(20))
        #expect(listener.all.count == 100)
    }

    @Test func `tells of room at once, and of bytes when they come`() async throws {
        let pair = try Pair()
        let listener = Listener()
        let reading = listener.watch(pair.ours)
        let writing = listener.watch(pair.ours, until: .writable)
        #expect(await eventually { listener.all == [writing] })
        pair.say("x")
        #expect(await eventually { listener.all == [writing, reading] })
    }

    @Test func `tells of a hang-up`() async throws {
        for how in [SHUT_RDWR, SHUT_WR] {
            let pair = try Pair()
            let listener = Listener()
            let watch = listener.watch(pair.ours)
            shutdown(pair.theirs, Int32(how))
            #expect(await eventually { listener.all == [watch] })
        }
    }

    @Test func `says nothing of a watch that was called off, and its socket's number may be another's`() async throws {
        let listener = Listener()
        for _ in 0..<100 {
            let pair = try Pair()
            let watch = listener.watch(pair.ours)
            Poller.shared.unwatch(watch)
            pair.say("x")
        }
        let pair = try Pair()
        let watch = listener.watch(pair.ours)
        pair.say("x")
        #expect(await eventually { listener.all == [watch] })
    }

    /// One life of a socket: watched for bytes and for room, called off, hung up, closed; its number is the next one's.
    private static func live(_ random: inout SeededGenerator) async throws {
        let pair = try Pair()
        let (listener, other) = (Listener(), Listener())
        for _ in 0..<Int.random(in: 1..<4, using: &random) {
            let calledOff = Bool.random(using: &random) ? other.watch(pair.ours, until: .writable) : nil
            var byte: UInt8 = 0
            let watch = await listener.hear(pair.ours) { pair.say("x") }
            #expect(listener.all.last == watch)
            #expect(recv(pair.ours, &byte, 1, 0) == 1)
            if let calledOff { Poller.shared.unwatch(calledOff) }
        }
        switch Int.random(in: 0..<3, using: &random) {
        case 0: _ = await listener.hear(pair.ours) { pair.hangUp() }
        case 1: _ = await listener.hear(pair.ours, .writable) { pair.hangUp() }
        default:
            let watch = listener.watch(pair.ours)
            if Bool.random(using: &random) { pair.hangUp() }
            Poller.shared.unwatch(watch)
        }
    }

    @Test func `misses nobody among thousands who come, hang up, go and leave their numbers to others`() async throws {
        try await withThrowingTaskGroup { group in
            for number in 0..<8 {
                group.addTask {
                    var random = SeededGenerator(seed: UInt64(number))
                    for _ in 0..<1_000 { try await Self.live(&random) }
                }
            }
            try await group.waitForAll()
        }
    }
}
