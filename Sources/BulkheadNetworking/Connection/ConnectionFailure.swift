package import BulkheadRESP

/// Why a connection, or a wait for one, gave no reply. The facade adds the database's name and the command.
package struct ConnectionFailure: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Reason: Sendable, Hashable {
        case nameNotResolved
        case connectFailed
        case connectTimedOut
        /// This process has no TLS: OpenSSL was not found.
        case tlsUnavailable
        /// Files of the TLS settings cannot be used; nothing was sent.
        case tlsSettings
        /// The server's certificate was not accepted.
        case certificateRefused
        /// The server did not accept our certificate, or what TLS we speak.
        case tlsRefused
        /// The handshake of TLS failed: it was cut, or no TLS is spoken there.
        case tlsFailed
        /// The server answered the handshake with an error of its own (maxclients, protected mode, a script that holds
        /// it …); the error's first word.
        case handshakeRefused(code: String)
        /// It answered the handshake with what is no answer to it.
        case handshakeUnanswered
        case authenticationFailed
        /// The program's own function gave no credentials: nothing was sent.
        case credentialsUnavailable
        /// The user may not do what the handshake does.
        case permissionDenied
        case databaseOutOfRange
        case databaseDenied
        /// The stream is not RESP, or passes a limit.
        case protocolViolation(RESPViolation)
        /// A reply that no request waits for.
        case unsolicitedReply
        case closedByServer
        case inputOutput
        /// A replica or a sentinel where a primary was to be.
        case notPrimary
        /// Sentinels know the group, and no server of it is the primary for now.
        case primaryAwaited
        /// No sentinel can name a primary.
        case primaryUnknown
        /// Closed by this side, because another server is the primary since.
        case superseded
        /// This process, or its system, may open no more files: nothing is said about any server.
        case outOfDescriptors
        /// The keys of one command, or transaction, live in several slots of a cluster.
        case crossSlot
        /// Closed by this side while a request waited.
        case closed
        case tooManyWaiters
        /// The lane's bounds of requests or bytes are reached.
        case tooManyRequests
        /// The deadline of the call is over.
        case timedOut
        case leaseTimedOut
        case cancelled
        /// Pushed messages came faster than they were read.
        case pushOverflow
    }

    /// In a box: results that almost always hold a reply stay as small as one.
    private final class Content: Sendable {
        let reason: Reason
        let message: String
        let stage: Stage

        init(_ reason: Reason, _ message: String, _ stage: Stage) {
            self.reason = reason
            self.message = message
            self.stage = stage
        }
    }

    private let content: Content

    package var reason: Reason { content.reason }
    /// What happened and what to do, without values or passwords.
    package var message: String { content.message }
    /// How far the request had come.
    package var stage: Stage { content.stage }

    /// How far a request comes, in order.
    package enum Stage: Int, Sendable, Hashable, Comparable {
        /// It was never queued.
        case refused
        /// It waited; no byte of it can have left this machine.
        case queued
        /// The same, for a connection that was not made yet.
        case connecting
        /// Some of it may have left.
        case writing
        /// The server may have run it.
        case sent
        /// The server answered by what holds nothing.
        case answered

        package static func < (left: Stage, right: Stage) -> Bool { left.rawValue < right.rawValue }

        /// True if sending it again runs it once at most.
        package var isSafeToRetry: Bool { self < .writing }
    }

    package init(_ reason: Reason, _ message: String, stage: Stage = .queued) {
        content = Content(reason, message, stage)
    }

    /// The task that waited was cancelled.
    package static func cancelled(_ stage: Stage) -> ConnectionFailure {
        ConnectionFailure(.cancelled, "the task was cancelled", stage: stage)
    }

    /// Whoever has the databases wants nothing more.
    package static var databasesClosed: ConnectionFailure {
        ConnectionFailure(.closed, "the databases were closed", stage: .refused)
    }

    package var description: String { message }

    /// The same failure, as one request sees it.
    func at(_ stage: Stage) -> ConnectionFailure {
        ConnectionFailure(reason, message, stage: stage)
    }

    /// The same, seen by a handshake. Whoever hangs up on HELLO is not tried again in RESP2: any trouble may look so,
    /// and one day a server would be spoken to in RESP2 because it was restarted at the wrong moment.
    func inHandshake(of settings: ConnectionSettings) -> ConnectionFailure {
        var advice = ""
        // A server that wants TLS hangs up on other words, or answers by an alert of TLS's.
        if settings.tls == nil, isEndOfConnection || isForeignAnswer {
            advice += "; if the port wants TLS, use rediss://"
        }
        if isEndOfConnection, settings.version == .resp3 {
            advice += "; if a proxy there does not know HELLO, set the version to RESP2"
        }
        return advice.isEmpty ? self : ConnectionFailure(reason, message + advice, stage: stage)
    }

    /// The first byte that came starts nothing of RESP.
    private var isForeignAnswer: Bool {
        guard case .protocolViolation(let violation) = reason else { return false }
        return violation.kind == .unknownType && violation.offset == 0
    }

    /// The connection was there, and then it was not.
    package var isEndOfConnection: Bool {
        reason == .closedByServer || reason == .inputOutput || reason == .superseded
    }

    /// The connection had ended before anything was sent, so another one may do.
    package var isOfEndedConnection: Bool {
        stage == .refused && reason != .tooManyRequests || isEndOfConnection && stage.isSafeToRetry
    }

    package static func == (left: ConnectionFailure, right: ConnectionFailure) -> Bool {
        left.reason == right.reason && left.message == right.message && left.stage == right.stage
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(reason)
        hasher.combine(message)
        hasher.combine(stage)
    }
}

extension Result where Failure == ConnectionFailure {
    var failure: ConnectionFailure? {
        if case .failure(let failure) = self { failure } else { nil }
    }
}
