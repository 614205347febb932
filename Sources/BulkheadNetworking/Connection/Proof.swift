package import BulkheadRESP
import Synchronization

/// A proof of order: an ECHO of a number nobody else has, in one write with a command. If that comes back as anything
/// else, replies have lost their order.
package struct Proof: Sendable, Hashable {
    private let number: UInt64

    package init() { number = .random(in: 0 ... .max) }

    /// The encoded command and behind it the ECHO.
    package func behind(_ command: [UInt8]) -> [UInt8] {
        var encoder = RESPEncoder()
        encoder.append(encoded: command)
        encoder.command("ECHO", argumentCount: 2)
        encoder.argument(text)
        return encoder.bytes
    }

    /// What ECHO must answer.
    var answer: RESPValue { .bulkString(RESPBytes(text)) }

    private var text: String { "proof-\(number)" }
}

extension ConnectionMachine.Request {
    /// True if `reply`, the next of this request, shows that replies have lost their order. Where an ACL denies ECHO,
    /// or the server loads its data, nothing is proved.
    func isDisproved(by reply: RESPValue) -> Bool {
        guard isProof, missing == 1 else { return false }
        let reply = reply.withoutAttributes
        return reply.errorMessage == nil && reply != replies[0]
    }

    /// Nobody wants its replies any more. What proves the order of those behind it stays.
    mutating func dropReplies() {
        replies = isProof ? [replies[0]] : []
    }
}

extension ConnectionMachine {
    var lostOrder: ConnectionFailure {
        ConnectionFailure(
            .unsolicitedReply,
            "an ECHO to \(settings.endpoint) got another reply: replies are out of order, so the connection is "
                + "closed; look for a proxy or a server that reorders them",
            stage: .sent)
    }
}

extension AsyncConnection {
    /// Sends what `proof` made of one command and waits for that command's reply. A proof that fails withholds it, and
    /// ends the connection before anybody behind it has a reply.
    package func send(
        _ bytes: [UInt8], proving proof: Proof, until deadline: Deadline
    ) async -> Result<RESPValue, ConnectionFailure> {
        if mayBeAlone { return await sendAlone(bytes, .proof(proof), deadline) }
        return await enqueue { submit(bytes, .proof(proof), .one($0), $1, deadline) }
    }
}
