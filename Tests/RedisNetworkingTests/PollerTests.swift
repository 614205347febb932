import Foundation
@testable import RedisNetworking
import Synchronization
import TestSupport
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

    deinit {
        close(ours)
        close(theirs)
    }
}

private final class Calls: Sendable {
    private let ids = Mutex<[Int]>([])
    var all: [Int] { ids.withLock(\.self) }
    func note(_ id: Int) { ids.withLock { $0.append(id) } }
}

@Suite(.timeLimit(.minutes(1))) struct `The poller` {
    @Test func `tells once of each watch, with its own name`() async throws {
        let pair = try Pair()
        let calls = Calls()
        for round in 1...100 {
            let id = Poller.shared.watch(pair.ours, until: .readable) { calls.note($0) }
            if round == 1 { pair.say("x") }
            // What was not read is told of again.
            #expect(await eventually { calls.all.count == round })
            #expect(calls.all.last == id)
        }
        try await Task.sleep(for: .milliseconds(20))
        #expect(calls.all.count == 100)
    }

    @Test func `tells of room at once, and of bytes when they come`() async throws {
        let pair = try Pair()
        let calls = Calls()
        let reading = Poller.shared.watch(pair.ours, until: .readable) { calls.note($0) }
        let writing = Poller.shared.watch(pair.ours, until: .writable) { calls.note($0) }
        #expect(await eventually { calls.all == [writing] })
        pair.say("x")
        #expect(await eventually { calls.all == [writing, reading] })
    }

    @Test func `tells of a hang-up`() async throws {
        for way in 0..<2 {
            let pair = try Pair()
            let calls = Calls()
            _ = Poller.shared.watch(pair.ours, until: .readable) { calls.note($0) }
            shutdown(pair.theirs, Int32(way == 0 ? SHUT_RDWR : SHUT_WR))
            #expect(await eventually { calls.all.count == 1 })
        }
    }

    @Test func `says nothing of a watch that was called off, and its socket's number may be another's`() async throws {
        let calls = Calls()
        for _ in 0..<100 {
            let pair = try Pair()
            let id = Poller.shared.watch(pair.ours, until: .readable) { calls.note($0) }
            Poller.shared.unwatch(id)
            pair.say("x")
        }
        let pair = try Pair()
        let id = Poller.shared.watch(pair.ours, until: .readable) { calls.note($0) }
        pair.say("x")
        #expect(await eventually { calls.all == [id] })
    }

    /// Returns when it was told of a byte, having watched twice and called one off.
    private static func hear() async throws {
        let pair = try Pair()
        let calledOff = Poller.shared.watch(pair.ours, until: .readable) { _ in }
        await withUnsafeContinuation { continuation in
            _ = Poller.shared.watch(pair.ours, until: .readable) { _ in continuation.resume() }
            pair.say("x")
        }
        Poller.shared.unwatch(calledOff)
    }

    @Test func `misses nobody among many who come and go at once`() async throws {
        try await withThrowingTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<200 { try await Self.hear() }
                }
            }
            try await group.waitForAll()
        }
    }
}
