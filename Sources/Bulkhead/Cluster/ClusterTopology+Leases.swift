import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP

/// What a lease of a slot begins with: a question for its key, which only the server of the slot answers.
///
/// The map may be old, and a lease is not redirected: all its commands go to one server. So the server says before the
/// body runs whether it is the right one. Any other answer, such as that the user may not ask, is none of a wrong one.
struct SlotQuestion {
    let slot: HashSlot
    let bytes: [UInt8]

    init(_ key: some RedisArgument) {
        let command = RedisCommand<Int>.exists([key]).encoded
        slot = if case .one(let slot) = command.slot { slot } else { HashSlot(ofKey: []) }
        bytes = command.bytes
    }
}

extension ClusterTopology {
    func lease(
        of question: SlotQuestion?, until deadline: Deadline
    ) async throws(ConnectionFailure) -> (AsyncConnection, Node) {
        var redirections = RedirectionMachine(until: deadline)
        while true {
            let step: RedirectionMachine.Step
            let failure: ConnectionFailure
            do throws(ConnectionFailure) {
                let target = try await target(of: question?.slot, nil, until: deadline)
                let connection = try await target.node.leases.lease(until: deadline)
                do throws(ConnectionFailure) {
                    guard let question else {
                        // Any server will do, but it must be there.
                        if let failure = await connection.failureBeforeReady(until: deadline) { throw failure }
                        return (connection, target.node)
                    }
                    let reply = try await watched(at: target) { () async throws(ConnectionFailure) in
                        try await connection.send(question.bytes, until: deadline).get()
                    }
                    guard let next = next(after: reply, to: question, from: target.endpoint, &redirections) else {
                        return (connection, target.node)
                    }
                    target.node.leases.release(connection, reusable: true)
                    (step, failure) = next
                } catch {
                    target.node.leases.release(connection, reusable: false)
                    throw error
                }
            } catch {
                (step, failure) = next(afterQuestion: error, &redirections)
            }
            guard let pause = step.pause else { throw failure }
            try await wait(pause, until: deadline)
        }
    }

    func leaseBlocking(
        of question: SlotQuestion?, until deadline: Deadline
    ) throws(ConnectionFailure) -> (BlockingConnection, Node) {
        var redirections = RedirectionMachine(until: deadline)
        while true {
            let step: RedirectionMachine.Step
            let failure: ConnectionFailure
            do throws(ConnectionFailure) {
                let target = try target(of: question?.slot, nil, until: deadline)
                let connection = try target.node.blocking.lease(until: deadline)
                guard let question else { return (connection, target.node) }
                do throws(ConnectionFailure) {
                    let reply = try watchedBlocking(at: target) { () throws(ConnectionFailure) in
                        try connection.send(question.bytes, until: deadline)
                    }
                    guard let next = next(after: reply, to: question, from: target.endpoint, &redirections) else {
                        return (connection, target.node)
                    }
                    target.node.blocking.release(connection, reusable: true)
                    (step, failure) = next
                } catch {
                    target.node.blocking.release(connection, reusable: false)
                    throw error
                }
            } catch {
                (step, failure) = next(afterQuestion: error, &redirections)
            }
            guard let pause = step.pause else { throw failure }
            waitBlocking(pause, until: deadline)
        }
    }

    /// What follows an answer, and the failure if that is the end; nil if the server is the right one. A lease is not
    /// for a slot that is on its way: it waits until that has arrived.
    private func next(
        after reply: RESPValue, to question: SlotQuestion, from endpoint: Endpoint,
        _ redirections: inout RedirectionMachine
    ) -> (RedirectionMachine.Step, ConnectionFailure)? {
        guard let found = reply.redirection(from: endpoint, of: question.bytes, to: question.slot) else { return nil }
        if case .moved(let slot, let endpoint) = found { moved(slot, to: endpoint) }
        return (redirections.stepInTurn(after: found), RedirectionMachine.noServer(of: question.slot, found))
    }

    private func next(
        afterQuestion failure: ConnectionFailure, _ redirections: inout RedirectionMachine
    ) -> (RedirectionMachine.Step, ConnectionFailure) {
        doubt(after: failure)
        return (redirections.step(afterQuestion: failure), failure)
    }
}
