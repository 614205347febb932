import Bulkhead
import Synchronization

/// A channel whose messages are numbered: none may come twice, late, or from another channel, and one that reached the
/// subscriber may be missing only where the subscription says that there is a gap.
final class Broadcast: Sendable {
    private struct State {
        /// Numbers that the server has given to the subscriber and that were not read yet.
        var reached: Set<Int> = []
        var last = 0
        var isAtGap = true
        var published = 0
        var received = 0
        var gaps = 0
    }

    let name: DatabaseName
    private let channel: String
    private let state = Mutex(State())

    init(_ name: DatabaseName) {
        self.name = name
        channel = "broadcast:\(name)"
    }

    var published: Int { state.withLock { $0.published } }
    var received: Int { state.withLock { $0.received } }
    var gaps: Int { state.withLock { $0.gaps } }
    var isDrained: Bool { state.withLock { state in state.isAtGap || state.reached.allSatisfy { $0 <= state.last } } }

    /// Publishes one number after the other, so that the fate of each is known before the next.
    func publish(_ databases: RedisDatabases, _ board: Scoreboard, _ tally: inout Tally) async {
        guard let database = try? databases[name] else { return tally.lose("there is no database \(name)") }
        var number = 0
        while !board.isOver {
            number += 1
            tally.operations += 1
            do throws(RedisError) {
                let receivers = try await database.publish(channel, Naming.value(name, channel, number))
                state.withLock { state in
                    state.published += 1
                    if receivers > 0, number > state.last { state.reached.insert(number) }
                }
            } catch {
                tally.count(error)
            }
            try? await Task.sleep(for: .milliseconds(1))
        }
    }

    /// Reads until its task is cancelled.
    func listen(_ databases: RedisDatabases, _ tally: inout Tally) async {
        do {
            for try await event in try await databases[name].subscribe(to: .channels(channel)) {
                switch event {
                case .gap:
                    state.withLock { state in
                        state.gaps += 1
                        state.isAtGap = true
                    }
                case .message(let message): read(message.content, of: message.channel, &tally)
                }
            }
        } catch {
            if error.code == .cancelled { return }
            tally.lose("the subscription to \(channel) has ended: \(error)")
        }
        if !Task.isCancelled { tally.lose("the subscription to \(channel) has ended") }
    }

    private func read(_ content: String, of channel: String, _ tally: inout Tally) {
        guard channel == self.channel, let number = Naming.sequence(of: content, name, channel) else {
            return tally.cross("\(self.channel) had a message of \(channel): \(content.prefix(60))")
        }
        let (last, missing) = state.withLock { state -> (Int, Int) in
            let last = state.last
            let passed = state.reached.filter { $0 <= number }
            let missing = state.isAtGap ? 0 : passed.count { $0 != number }
            state.reached.subtract(passed)
            state.last = max(last, number)
            state.isAtGap = false
            state.received += 1
            return (last, missing)
        }
        if number <= last { tally.cross("\(channel) had \(number) after \(last)") }
        if missing > 0 { tally.lose("\(missing) messages of \(channel) before \(number), without a gap") }
    }
}
