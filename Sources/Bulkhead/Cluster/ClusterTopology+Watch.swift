import BulkheadNetworking
import BulkheadRESP
import Synchronization

// A primary that hangs says nothing, and nobody else announces that another one has taken its place. So while requests
// wait and none is answered the map is asked for, and where it gives the slots to another server, those requests end.

extension ClusterTopology {
    /// A server that answers nothing for so long is doubted.
    private static let timeToDoubt = Duration.milliseconds(500)
    /// One that is no primary any more has so long to answer what it was sent before.
    private static let timeToAbandon = Duration.seconds(1)
    /// Between two questions for the map. They become rare where a command waits on the server by itself.
    private static let shortestPause = Duration.milliseconds(250)
    private static let longestPause = Duration.seconds(2)

    /// Sends commands over a lane of a server, and waits for their replies.
    @inline(__always)
    func exchange(
        _ bytes: [UInt8], count: Int, with server: ClusterServer, on lane: Lane, until deadline: Deadline
    ) async throws(ConnectionFailure) -> [RESPValue] {
        began(server)
        do {
            let replies = try await server.node.sendAll(bytes, count: count, on: lane, until: deadline)
            server.ended(isAnswered: true)
            return replies
        } catch {
            throw ended(server, by: error)
        }
    }

    /// The same on the caller's thread.
    func exchange(
        _ bytes: [UInt8], count: Int, with server: ClusterServer, until deadline: Deadline
    ) throws(ConnectionFailure) -> [RESPValue] {
        try watchedBlocking(at: server) { () throws(ConnectionFailure) in
            try server.node.blocking.exchange(bytes, count: count, until: deadline)
        }
    }

    /// What waits at a server over a connection of its own.
    func watched<Replies>(
        at server: ClusterServer, _ body: () async throws(ConnectionFailure) -> Replies
    ) async throws(ConnectionFailure) -> Replies {
        began(server)
        do {
            let replies = try await body()
            server.ended(isAnswered: true)
            return replies
        } catch {
            throw ended(server, by: error)
        }
    }

    /// The same on the caller's thread.
    func watchedBlocking<Replies>(
        at server: ClusterServer, _ body: () throws(ConnectionFailure) -> Replies
    ) throws(ConnectionFailure) -> Replies {
        began(server)
        do {
            let replies = try body()
            server.ended(isAnswered: true)
            return replies
        } catch {
            throw ended(server, by: error)
        }
    }

    /// A request begins to wait there; whoever says so says by `ended(isAnswered:)` that it is over.
    @inline(__always)
    func began(_ server: ClusterServer) {
        server.began()
        keepLooking()
    }

    /// A request has ended there without an answer.
    private func ended(_ server: ClusterServer, by failure: ConnectionFailure) -> ConnectionFailure {
        server.ended(isAnswered: false)
        doubt(after: failure)
        return failure
    }

    func look() async {
        let now = Moment.now
        var longest = Duration.zero
        for server in watchedServers {
            let silence = server.silence(at: now)
            if silence >= Self.timeToAbandon, abandon(server, after: silence, at: now) { continue }
            longest = max(longest, silence)
        }
        if longest >= Self.timeToDoubt {
            let pause = min(max(longest / 4, Self.shortestPause), Self.longestPause)
            if isQuestionDue(at: now, pause) { await refresh(until: Deadline(after: Self.timeToAnswer)) }
        }
    }
}
